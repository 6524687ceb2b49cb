"""All the ways in which a page says what an input is for."""

from tests.browser.matrix.shape import choose, lead, other, repeat, shape

SHAPES = (
    shape(
        "labels around the inputs",
        """<form><p><label>First name <input type="text" name="a"></label></p><p><label><span>Last name</span><input
        name="b">
        </label></p><p><label>E-mail: <input name="c"></label></p><p><label>Telephone number (optional) <input name="d">
        </label></p><button>Send</button></form>""",
        lead("first_name", "a"),
        lead("last_name", "b"),
        lead("email", "c"),
        lead("phone", "d"),
    ),
    shape(
        "labels after the inputs",
        """<form><div><input id="x1" name="x1" required><label for="x1">Name</label></div><div><input id="x2"
        name="x2"><label
        for="x2">Email</label></div><div><textarea id="x3" name="x3"></textarea><label for="x3">Comments</label></div>
        <button>Send</button></form>""",
        lead("full_name", "x1"),
        lead("email", "x2"),
        lead("message", "x3"),
    ),
    shape(
        "text in the element before",
        """<form><div class="t">Company</div><div class="f"><input name="f1"></div><div class="t">Full name</div><div
        class="f"><input name="f2"></div><div class="t">E-mail address</div><div class="f"><input name="f3"></div><div
        class="t">Best time to call</div><div class="f"><input name="f4"></div><button>Send</button></form>""",
        lead("company", "f1"),
        lead("full_name", "f2"),
        lead("email", "f3"),
        other("f4", "after the rain Zq"),
    ),
    shape(
        "table with two columns",
        """<form><table cellpadding="2"><tr><td align="right"><font color="red">*</font> First Name:</td><td><input
        size="30"
        name="T1"></td></tr><tr><td align="right">Last Name:</td><td><input name="T2"></td></tr><tr><td
        align="right">Phone:
        </td><td><input name="T3"></td></tr><tr><td>Email:</td><td><input name="T4"></td></tr><tr><td>Comments:</td><td>
        <textarea name="S1"></textarea></td></tr><tr><td></td><td><input type="submit" value="Submit"></td></tr></table>
        </form>""",
        lead("first_name", "T1"),
        lead("last_name", "T2"),
        lead("phone", "T3"),
        lead("email", "T4"),
        lead("message", "S1"),
    ),
    shape(
        "table with the words in the row above",
        """<form><table><tr><th>Name</th><th>E-mail</th></tr><tr><td><input name="c1" aria-label=""></td><td><input
        name="c2" type="email"></td></tr></table><button>Send</button></form>""",
        lead("email", "c2"),
    ),
    shape(
        "definition list",
        """<form><dl><dt><label>Name</label></dt><dd><input name="p[0]"></dd><dt><label>E-mail</label></dt><dd><input
        name="p[1]"></dd><dt><label>Organisation</label></dt><dd><input
        name="p[2]"></dd><dt><label>Department</label></dt>
        <dd><input name="p[3]"></dd></dl><button>Send</button></form>""",
        lead("full_name", "p[0]"),
        lead("email", "p[1]"),
        lead("company", "p[2]"),
        other("p[3]", "Lighthouses Zq"),
    ),
    shape(
        "text nodes and line breaks",
        """<form>Your name:<br><input name="z1"><br>Your e-mail:<br><input name="z2"><br>Your message:<br><textarea
        name="z3"></textarea><br><button>Send</button></form>""",
        lead("full_name", "z1"),
        lead("email", "z2"),
        lead("message", "z3"),
    ),
    shape(
        "placeholders alone",
        """<form><input placeholder="First name*"><input placeholder="Last name*"><input
        placeholder="Your e-mail*"><input
        placeholder="Phone (optional)"><input placeholder="Company"><input placeholder="City"><textarea
        placeholder="Your message"></textarea><button>Send</button></form>""",
        lead("first_name", "[placeholder^=First]"),
        lead("last_name", "[placeholder^=Last]"),
        lead("email", "[placeholder*=e-mail]"),
        lead("phone", "[placeholder^=Phone]"),
        lead("company", "[placeholder=Company]"),
        other("[placeholder=City]"),
        lead("message", "textarea"),
    ),
    shape(
        "aria-label alone",
        """<form><input aria-label="Given name" class="g1"><input aria-label="Surname" class="g2"><input
        aria-label="E-mail address" class="g3"><input aria-label="Mobile phone" class="g4"><input aria-label="Job role"
        class="g5"><button>Send</button></form>""",
        lead("first_name", ".g1"),
        lead("last_name", ".g2"),
        lead("email", ".g3"),
        lead("phone", ".g4"),
        other(".g5", "Bell founder Zq"),
    ),
    shape(
        "aria-labelledby, also of two elements",
        """<form><h3 id="h1">Contact</h3><span id="k1">Full name</span><input aria-labelledby="h1 k1" class="k1"><span
        id="k2">Phone</span><input aria-labelledby="k2 missing" class="k2"><span id="k3">E-mail</span><input
        aria-labelledby="k3" class="k3"><span id="k4">Newsletter frequency</span><input aria-labelledby="k4" class="k4">
        <button>Send</button></form>""",
        lead("full_name", ".k1"),
        lead("phone", ".k2"),
        lead("email", ".k3"),
        other(".k4", "every new moon Zq"),
    ),
    shape(
        "autocomplete alone",
        """<form><input autocomplete="given-name" class="u1"><input autocomplete="family-name" class="u2"><input
        autocomplete="section-work work email" class="u3"><input autocomplete="work tel" class="u4"><input
        autocomplete="organization" class="u5"><input autocomplete="address-level2" class="u6"><input
        autocomplete="organization-title" class="u7"><button>Send</button></form>""",
        lead("first_name", ".u1"),
        lead("last_name", ".u2"),
        lead("email", ".u3"),
        lead("phone", ".u4"),
        lead("company", ".u5"),
        other(".u6"),
        other(".u7", "Ferryman Zq"),
    ),
    shape(
        "type alone",
        """<form><input type="email" class="v1"><input type="tel" class="v2"><input type="text" class="v3"><input
        type="search" class="v4"><button>Send</button></form>""",
        lead("email", ".v1"),
        lead("phone", ".v2"),
        other(".v3"),
        other(".v4"),
    ),
    shape(
        "names alone, in camelCase",
        """<form><input name="contactFirstName"><input name="contactLastName"><input name="contactEmailAddress"><input
        name="contactPhoneNumber"><input name="contactCompanyName"><input
        name="contactPostalCode"><button>Send</button></form>""",
        lead("first_name", "contactFirstName"),
        lead("last_name", "contactLastName"),
        lead("email", "contactEmailAddress"),
        lead("phone", "contactPhoneNumber"),
        lead("company", "contactCompanyName"),
        other("contactPostalCode", "ZQ3 9LT"),
    ),
    shape(
        "names alone, in kebab-case and snake_case",
        """<form><input name="your-full-name"><input name="e-mail"><input name="mobile_phone"><input
        name="company_name">
        <input name="event_name"><textarea name="your-message"></textarea><button>Send</button></form>""",
        lead("full_name", "your-full-name"),
        lead("email", "e-mail"),
        lead("phone", "mobile_phone"),
        lead("company", "company_name"),
        other("event_name", "Feast of Zq"),
        lead("message", "your-message"),
    ),
    shape(
        "names alone, in brackets and dots",
        """<form><input name="lead[person][first_name]"><input name="lead[person][last_name]"><input
        name="lead.contact.email">
        <input name="lead[contact][phone][]"><input name="lead[company][name]"><input name="lead[company][size]">
        <button>Send</button></form>""",
        lead("first_name", "lead[person][first_name]"),
        lead("last_name", "lead[person][last_name]"),
        lead("email", "lead.contact.email"),
        lead("phone", "lead[contact][phone][]"),
        lead("company", "lead[company][name]"),
        other("lead[company][size]", "ninety-zq"),
    ),
    shape(
        "hashed names, labels tell",
        """<form><label for="field_3fa9">First name</label><input id="field_3fa9" name="field_3fa9"><label
        for="field_b071">Last name</label><input id="field_b071" name="field_b071"><label
        for="field_77ce">Email</label><input
        id="field_77ce" name="field_77ce"><label for="field_e1d4">Organization</label><input id="field_e1d4"
        name="field_e1d4"><label for="field_90ab">Preferred room</label><input id="field_90ab" name="field_90ab"><label
        for="field_c5c5">Your message</label><textarea id="field_c5c5"
        name="field_c5c5"></textarea><button>Send</button></form>""",
        lead("first_name", "field_3fa9"),
        lead("last_name", "field_b071"),
        lead("email", "field_77ce"),
        lead("company", "field_e1d4"),
        other("field_90ab", "the one with the owl Zq"),
        lead("message", "field_c5c5"),
    ),
    shape(
        "one name for all inputs",
        """<form><label>Name <input name="answers[]"></label><label>E-mail <input
        name="answers[]"></label><label>Phone <input
        name="answers[]"></label><label>Favourite dish <input name="answers[]"></label><button>Send</button></form>""",
        lead("full_name", "[name='answers[]'] >> nth=0"),
        lead("email", "[name='answers[]'] >> nth=1"),
        lead("phone", "[name='answers[]'] >> nth=2"),
        other("[name='answers[]'] >> nth=3", "dumplings Zq"),
    ),
    shape(
        "name in two parts under one label",
        """<form><div class="group"><span class="head">Name *</span><input placeholder="First" name="n_1"><input
        placeholder="Last" name="n_2"></div><div class="group"><span class="head">Email *</span><input name="n_3"></div>
        <button>Send</button></form>""",
        lead("first_name", "n_1"),
        lead("last_name", "n_2"),
        lead("email", "n_3"),
    ),
    shape(
        "e-mail said twice, phone with its country",
        """<form><label>Your e-mail <input type="email" name="em"></label><label>Confirm your e-mail <input type="email"
        name="em2"></label><label>Country code <select name="cc"><option value="">?</option><option value="351">Portugal
        (+351)</option></select></label><label>Mobile <input type="text" inputmode="tel"
        name="mob"></label><label>E-mail
        subject <input name="subj"></label><button>Send</button></form>""",
        lead("email", "em"),
        repeat("email", "em2"),
        choose("cc", "Portugal (+351)"),
        lead("phone", "mob"),
        other("subj", "About the lanterns Zq"),
    ),
    shape(
        "international telephone input",
        """<form><div class="iti iti--allow-dropdown"><div class="iti__flag-container"><div class="iti__selected-flag"
        role="combobox" tabindex="0" title="Germany: +49"><div class="iti__flag iti__de"></div></div><ul
        class="iti__country-list iti__hide" style="display:none"><li class="iti__country">Germany (Deutschland)
        +49</li></ul>
        </div><input type="tel" class="form-control" name="tel_input" autocomplete="off" placeholder="01512 3456789"
        style="padding-left:52px"></div><input type="hidden" name="full_phone" value="+49000111"><label>E-mail <input
        type="email" name="mail"></label><button>Send</button></form>""",
        lead("phone", "tel_input"),
        lead("email", "mail"),
    ),
    shape(
        "labels hidden from sight, icons shown",
        """<form><div class="input-group"><span class="icon" aria-hidden="true">&#9993;</span><label
        class="visually-hidden"
        for="i1" style="position:absolute;width:1px;height:1px;overflow:hidden">Email</label><input
        id="i1"></div><div><span
        class="icon">&#9742;</span><label class="sr-only" for="i2">Phone</label><input
        id="i2"></div><div><span>&#8962;</span>
        <label class="sr-only" for="i3">Town</label><input id="i3"></div><button>Send</button></form>""",
        lead("email", "#i1"),
        lead("phone", "#i2"),
        other("#i3"),
    ),
    shape(
        "names of other things than people",
        """<form><label>Project name <input name="project_name"></label><label>File name <input
        name="filename"></label><label>
        Domain name <input name="domain_name"></label><label>User name <input name="user_name"></label><label>Name of
        your
        pet <input name="pet_name"></label><label>Contact e-mail <input
        name="contact"></label><button>Send</button></form>""",
        other("project_name", "Lanternworks Zq"),
        other("filename", "ledger-zq.ods"),
        other("domain_name", "zq-lantern.example"),
        other("user_name", "zqlantern"),
        other("pet_name", "Mopsy Zq"),
        lead("email", "contact"),
    ),
)
