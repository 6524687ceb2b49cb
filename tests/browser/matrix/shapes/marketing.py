"""Forms that marketing automation, CRMs and form services give their customers to paste."""

from tests.browser.matrix.shape import lead, other, shape

SHAPES = (
    shape(
        "HubSpot embed",
        """<div class="hbspt-form" id="hbspt-form-1"><form id="hsForm_0aa1b2c3_5566" method="POST" novalidate
        class="hs-form-private hsForm_0aa1b2c3 hs-form stacked"><fieldset class="form-columns-2"><div
        class="hs_firstname
        hs-firstname hs-fieldtype-text field hs-form-field"><label id="label-firstname-0aa" class="" for="firstname-0aa"
        placeholder="Enter your First Name"><span>First Name</span></label><legend class="hs-field-desc"
        style="display:none"></legend><div class="input"><input id="firstname-0aa" name="firstname" type="text"
        class="hs-input" inputmode="text" autocomplete="given-name"></div></div><div class="hs_lastname hs-form-field">
        <label for="lastname-0aa"><span>Last Name</span></label><div class="input"><input id="lastname-0aa"
        name="lastname"
        type="text" class="hs-input" autocomplete="family-name"></div></div></fieldset><fieldset class="form-columns-1">
        <div class="hs_email hs-form-field"><label for="email-0aa"><span>Work e-mail</span><span
        class="hs-form-required">*</span></label><div class="input"><input id="email-0aa" name="email" required
        type="email" class="hs-input" inputmode="email" autocomplete="email"></div></div></fieldset><fieldset>
        <div class="hs_company hs-form-field"><label for="company-0aa"><span>Company name</span></label><div
        class="input">
        <input id="company-0aa" name="company" type="text" class="hs-input" autocomplete="organization"></div></div>
        <div class="hs_jobtitle hs-form-field"><label for="jobtitle-0aa"><span>Job title</span></label><div
        class="input">
        <input id="jobtitle-0aa" name="jobtitle" type="text" class="hs-input"
        autocomplete="organization-title"></div></div>
        </fieldset><input name="hs_context" type="hidden" value="{&quot;hutk&quot;:&quot;d41d8cd98f00&quot;}"><div
        class="hs_submit"><div class="actions"><input type="submit" class="hs-button primary large"
        value="Get it"></div>
        </div></form></div>""",
        lead("first_name", "firstname"),
        lead("last_name", "lastname"),
        lead("email", "email"),
        lead("company", "company"),
        other("jobtitle", "Orchard Keeper Zq"),
        traps=["d41d8cd98f00"],
    ),
    shape(
        "HubSpot embed, object type in the names",
        """<form class="hs-form" data-hs-cf-bound="true"><div class="hs-form-field"><label
        for="0-1/mobilephone-9"><span>Mobile
        phone number</span></label><input id="0-1/mobilephone-9" name="0-1/mobilephone" type="tel"
        class="hs-input"></div>
        <div class="hs-form-field"><label for="0-1/email-9"><span>Email</span></label><input id="0-1/email-9"
        name="0-1/email" type="email" class="hs-input"></div><div class="hs-form-field"><label
        for="0-2/name-9"><span>Company
        name</span></label><input id="0-2/name-9" name="0-2/name" type="text" class="hs-input"></div>
        <div class="hs-form-field"><label for="0-1/message-9"><span>Message</span></label><textarea id="0-1/message-9"
        name="0-1/message" class="hs-input hs-fieldtype-textarea"></textarea></div>
        <div class="hs-form-field"><label for="0-2/numberofemployees-9">Number of employees</label><input type="number"
        name="0-2/numberofemployees" id="0-2/numberofemployees-9"></div><button type="submit">Send</button></form>""",
        lead("phone", "0-1/mobilephone"),
        lead("email", "0-1/email"),
        lead("company", "0-2/name"),
        lead("message", "0-1/message"),
        other("0-2/numberofemployees", "772409"),
    ),
    shape(
        "Marketo",
        """<form id="mktoForm_1042" class="mktoForm mktoHasWidth mktoLayoutLeft" novalidate style="width:560px">
        <div class="mktoFormRow"><div class="mktoFieldDescriptor mktoFormCol"><div
        class="mktoFieldWrap mktoRequiredField">
        <label for="FirstName" id="LblFirstName" class="mktoLabel mktoHasWidth"><div class="mktoAsterix">*</div>First
        Name:
        </label><input id="FirstName" name="FirstName" maxlength="255" aria-labelledby="LblFirstName InstructFirstName"
        type="text" class="mktoField mktoTextField mktoRequired"><span id="InstructFirstName"
        class="mktoInstruction"></span>
        </div></div></div><div class="mktoFormRow"><div class="mktoFieldWrap"><label for="LastName" id="LblLastName"
        class="mktoLabel">Last Name:</label><input id="LastName" name="LastName" aria-labelledby="LblLastName"
        type="text"
        class="mktoField"></div></div><div class="mktoFormRow"><label for="Email" id="LblEmail"
        class="mktoLabel">Business
        Email:</label><input id="Email" name="Email" type="email" class="mktoField mktoEmailField"></div>
        <div class="mktoFormRow"><label for="Phone" class="mktoLabel">Phone Number:</label><input id="Phone"
        name="Phone"
        type="tel" class="mktoField mktoTelField"></div><div class="mktoFormRow"><label for="Company"
        class="mktoLabel">Company
        Name:</label><input id="Company" name="Company" type="text" class="mktoField"></div><div class="mktoFormRow">
        <label for="Title" class="mktoLabel">Job Title:</label><input id="Title" name="Title" type="text"></div>
        <div class="mktoButtonRow"><button type="submit" class="mktoButton">Submit</button></div><input type="hidden"
        name="formid" value="10420077"><input type="hidden" name="munchkinId" value="123-QWE-908"></form>""",
        lead("first_name", "FirstName"),
        lead("last_name", "LastName"),
        lead("email", "Email"),
        lead("phone", "Phone"),
        lead("company", "Company"),
        other("Title", "Chief Beekeeper Zq"),
        traps=["10420077", "123-QWE-908"],
    ),
    shape(
        "Pardot",
        """<form accept-charset="UTF-8" method="post" action="/l/7/2024" class="form" id="pardot-form"><p
        class="form-field first_name pd-text required"><label class="field-label" for="74_331pi_74_331">First
        Name</label>
        <input type="text" name="74_331pi_74_331" id="74_331pi_74_331" class="text" maxlength="40"></p><p
        class="form-field
        last_name pd-text"><label class="field-label" for="74_333pi_74_333">Last Name</label><input type="text"
        name="74_333pi_74_333" id="74_333pi_74_333" class="text"></p><p class="form-field email pd-text"><label
        class="field-label" for="74_337pi_74_337">Email</label><input type="text" name="74_337pi_74_337"
        id="74_337pi_74_337" class="text" maxlength="255"></p><p class="form-field company pd-text"><label
        class="field-label" for="74_335pi_74_335">Company</label><input type="text" name="74_335pi_74_335"
        id="74_335pi_74_335" class="text"></p><p class="form-field comments pd-textarea"><label class="field-label"
        for="74_339pi_74_339">Comments</label><textarea name="74_339pi_74_339" id="74_339pi_74_339"
        cols="40"></textarea></p>
        <p style="position:absolute;width:190px;left:-9999px;top:-9999px;visibility:hidden"><label for="pi_extra_field">
        Comments</label><input type="text" name="pi_extra_field" id="pi_extra_field" value="trap-pardot"></p>
        <p class="submit"><input type="submit" accesskey="s" value="Submit Form"></p></form>""",
        lead("first_name", "74_331pi_74_331"),
        lead("last_name", "74_333pi_74_333"),
        lead("email", "74_337pi_74_337"),
        lead("company", "74_335pi_74_335"),
        lead("message", "74_339pi_74_339"),
        traps=["trap-pardot"],
    ),
    shape(
        "Salesforce Web-to-Lead",
        """<form action="/servlet/servlet.WebToLead?encoding=UTF-8" method="POST"><input type=hidden name="oid"
        value="00D58000000KQZq"><input type=hidden name="retURL" value="https://www.example.org/thanks-zq">
        <label for="first_name">First Name</label><input id="first_name" maxlength="40" name="first_name" size="20"
        type="text"><br><label for="last_name">Last Name</label><input id="last_name" maxlength="80" name="last_name"
        size="20" type="text"><br><label for="email">Email</label><input id="email" maxlength="80" name="email"
        size="20"
        type="text"><br><label for="company">Company</label><input id="company" maxlength="40" name="company" size="20"
        type="text"><br><label for="city">City</label><input id="city" maxlength="40" name="city" size="20"
        type="text"><br>
        <label for="phone">Phone</label><input id="phone" maxlength="40" name="phone" size="20" type="text"><br>
        <label for="description">Description</label><textarea name="description"></textarea><br>
        Product interest:<input id="00N5800000DkTmW" maxlength="20" name="00N5800000DkTmW" size="20" type="text"><br>
        <input type="submit" name="submit"></form>""",
        lead("first_name", "first_name"),
        lead("last_name", "last_name"),
        lead("email", "email"),
        lead("company", "company"),
        other("city"),
        lead("phone", "phone"),
        other("00N5800000DkTmW"),
        traps=["00D58000000KQZq", "thanks-zq"],
    ),
    shape(
        "Zoho CRM web form",
        """<form id="webform59" action="/crm/WebToLeadForm" name="WebToLeads59" method="POST"><input type="text"
        style="display:none" name="xnQsjsdp" value="a5f00b77c1"><div class="wf-row"><div
        class="wf-label">Company</div><div
        class="wf-field"><input name="Company" maxlength="200" type="text"></div></div><div class="wf-row"><div
        class="wf-label">First Name</div><div class="wf-field"><input name="First Name" maxlength="40"
        type="text"></div></div>
        <div class="wf-row"><div class="wf-label">Last Name</div><input name="Last Name" maxlength="80"
        type="text"></div>
        <div class="wf-row"><div class="wf-label">Email</div><input name="Email" maxlength="100" type="text"></div>
        <div class="wf-row"><div class="wf-label">Mobile</div><input name="Mobile" maxlength="30" type="text"></div>
        <div class="wf-row"><div class="wf-label">Budget</div><input name="LEADCF3" maxlength="255" type="text"></div>
        <input class="formsubmit" type="submit" value="Submit"></form>""",
        lead("company", "Company"),
        lead("first_name", "First Name"),
        lead("last_name", "Last Name"),
        lead("email", "Email"),
        lead("phone", "Mobile"),
        other("LEADCF3"),
        traps=["a5f00b77c1"],
    ),
    shape(
        "Jotform",
        """<form class="jotform-form" action="/submit/1" method="post" name="form_2407" id="2407" autocomplete="on"><ul
        class="form-section page-section"><li class="form-line" data-type="control_fullname" id="id_3"><label
        class="form-label form-label-top" id="label_3" for="first_3">Name</label><div id="cid_3"
        class="form-input-wide"><div
        data-wrapper-react="true"><span class="form-sub-label-container" data-input-type="first"><input type="text"
        id="first_3" name="q3_name[first]" class="form-textbox" data-defaultvalue="" autocomplete="section-input_3
        given-name" size="10" aria-labelledby="label_3 sublabel_3_first"><label class="form-sub-label" for="first_3"
        id="sublabel_3_first">First Name</label></span><span class="form-sub-label-container"
        data-input-type="last"><input
        type="text" id="last_3" name="q3_name[last]" class="form-textbox" autocomplete="section-input_3 family-name"
        aria-labelledby="label_3 sublabel_3_last"><label class="form-sub-label" for="last_3" id="sublabel_3_last">Last
        Name
        </label></span></div></div></li><li class="form-line" data-type="control_email"><label class="form-label"
        id="label_4"
        for="input_4">Email</label><input type="email" id="input_4" name="q4_email"
        class="form-textbox validate[Email]">
        </li><li class="form-line" data-type="control_phone"><label class="form-label" id="label_5"
        for="input_5_full">Phone
        Number</label><input type="tel" id="input_5_full" name="q5_phoneNumber[full]"
        class="mask-phone-number form-textbox"
        autocomplete="section-input_5 tel-national"></li><li style="display:none">Should be Empty: <input type="text"
        name="website" value="trap-jotform"></li><li><button id="input_2" type="submit"
        class="form-submit-button">Submit
        </button></li></ul></form>""",
        lead("first_name", "q3_name[first]"),
        lead("last_name", "q3_name[last]"),
        lead("email", "q4_email"),
        lead("phone", "q5_phoneNumber[full]"),
        traps=["trap-jotform"],
    ),
    shape(
        "Google Forms",
        """<form action="/formResponse" method="POST" id="mG61Hd"><div role="list"><div role="listitem"><div
        jsmodel="CP1oW"><div role="heading" aria-level="3"><span class="M7eMe" id="i1">Your name</span><span
        aria-label="Required question"> *</span></div><div><input type="text" class="whsOnd zHQkBf" jsname="YPqjbf"
        autocomplete="off" tabindex="0" aria-labelledby="i1 i4" aria-describedby="i2 i3"></div></div></div><div
        role="listitem"><div role="heading"><span id="i5">Email address</span></div><input type="text"
        class="whsOnd mailbox"
        autocomplete="off" aria-labelledby="i5 i8"></div><div role="listitem"><div role="heading"><span id="i9">Which
        workshop would you like to attend?</span></div><input type="text" class="whsOnd workshop" autocomplete="off"
        aria-labelledby="i9"></div><div role="listitem"><div role="heading"><span
        id="i13">Comments</span></div><textarea
        class="KHxj8b tL9Q4c" aria-labelledby="i13"></textarea></div></div><input type="hidden" name="fbzx"
        value="-7155200917733"><div role="button" class="uArJ5e" tabindex="0"><span>Submit</span></div></form>
        <script>document.querySelector('[role=button]').onclick = () => document.forms[0].requestSubmit()</script>""",
        lead("full_name", "[aria-labelledby='i1 i4']"),
        lead("email", ".mailbox"),
        other(".workshop"),
        lead("message", "textarea"),
        submit="[role=button]",
        traps=["7155200917733"],
    ),
)
