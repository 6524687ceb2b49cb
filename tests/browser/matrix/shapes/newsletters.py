"""Sign-up forms of newsletter services."""

from tests.browser.matrix.shape import choose, lead, other, shape, tick

SHAPES = (
    shape(
        "Mailchimp",
        """<div id="mc_embed_shell"><div id="mc_embed_signup"><form action="/subscribe/post?u=1&amp;id=2" method="post"
        id="mc-embedded-subscribe-form" name="mc-embedded-subscribe-form" class="validate" target="_self" novalidate>
        <div id="mc_embed_signup_scroll"><h2>Subscribe</h2><div class="indicates-required"><span
        class="asterisk">*</span>
        indicates required</div><div class="mc-field-group"><label for="mce-EMAIL">Email Address <span
        class="asterisk">*
        </span></label><input type="email" name="EMAIL" class="required email" id="mce-EMAIL" required></div>
        <div class="mc-field-group"><label for="mce-FNAME">First Name </label><input type="text" name="FNAME"
        id="mce-FNAME">
        </div><div class="mc-field-group"><label for="mce-LNAME">Last Name </label><input type="text" name="LNAME"
        id="mce-LNAME"></div><div class="mc-field-group"><label for="mce-BIRTHDAY-month">Birthday </label><div
        class="datefield"><span class="subfield monthfield"><input class="birthday" type="text" pattern="[0-9]*"
        placeholder="MM" size="2" maxlength="2" name="BIRTHDAY[month]" id="mce-BIRTHDAY-month"></span></div></div>
        <div aria-hidden="true" style="position: absolute; left: -5000px;"><input type="text" name="b_7b1_2c4"
        tabindex="-1"
        value="trap-mailchimp"></div><div class="optionalParent"><div class="clear foot"><input type="submit"
        name="subscribe" id="mc-embedded-subscribe" class="button"
        value="Subscribe"></div></div></div></form></div></div>""",
        lead("email", "EMAIL"),
        lead("first_name", "FNAME"),
        lead("last_name", "LNAME"),
        other("BIRTHDAY[month]", "09"),
        traps=["trap-mailchimp"],
    ),
    shape(
        "Klaviyo",
        """<div class="needsclick kl-private-reset-css-Xuajs1" role="dialog" aria-modal="true"
        aria-label="POPUP Form"><form
        class="needsclick klaviyo-form" data-testid="klaviyo-form-WzQ" novalidate><h2>Ten percent off</h2><div
        class="needsclick"><input id="first_name_01HX2" class="needsclick" type="text" autocomplete="given-name"
        placeholder="First name" aria-label="First name" value=""></div><div class="needsclick"><input id="email_01HX3"
        class="needsclick" type="email" autocomplete="email" tabindex="0" placeholder="Enter your email address"
        aria-label="Enter your email address" aria-invalid="false"></div><button class="needsclick go"
        type="button">Get 10%
        off</button></form></div><script>document.querySelector('.go').onclick = () => fetch('/thanks', {method: 'POST',
        body: new URLSearchParams({e: document.querySelector('[type=email]').value})})</script>""",
        lead("first_name", "#first_name_01HX2"),
        lead("email", "#email_01HX3"),
        submit=".go",
        submits=False,
    ),
    shape(
        "ActiveCampaign",
        """<form method="POST" action="/proc.php" id="_form_5_" class="_form _form_5
        _inline-form _dark" novalidate><input
        type="hidden" name="u" value="5"><div class="_form-content"><div class="_form_element _x77 _full_width"><label
        for="fullname" class="_form-label">Full Name</label><div class="_field-wrapper"><input type="text" id="fullname"
        name="fullname" placeholder="Type your name"></div></div><div class="_form_element _x78"><label for="email"
        class="_form-label">Email*</label><div class="_field-wrapper"><input type="text" id="email" name="email"
        placeholder="Type your email" required></div></div><div class="_form_element"><label for="customer_account"
        class="_form-label">Account</label><input type="text" id="customer_account" name="customer_account"
        placeholder="Type your account"></div><div class="_form_element"><label class="_form-label" for="field[4]">How
        did you
        hear about us?</label><input type="text" id="field[4]" name="field[4]"></div><div
        class="_button-wrapper"><button
        id="_form_5_submit" class="_submit" type="submit">Submit</button></div></div></form>""",
        lead("full_name", "fullname"),
        lead("email", "email"),
        other("customer_account"),
        other("field[4]", "Radio advert Zq"),
    ),
    shape(
        "ConvertKit",
        """<form action="/forms/99/subscriptions" class="seva-form formkit-form" method="post" data-sv-form="99"
        data-format="inline"><div data-style="clean"><ul class="formkit-alert formkit-alert-error"
        data-element="errors"></ul>
        <div data-element="fields" data-stacked="false" class="seva-fields formkit-fields"><div
        class="formkit-field"><input
        class="formkit-input" aria-label="First Name" name="fields[first_name]" placeholder="First Name"
        type="text"></div>
        <div class="formkit-field"><input class="formkit-input" name="email_address" aria-label="Email Address"
        placeholder="Email Address" required type="email"></div><button data-element="submit" class="formkit-submit">
        <div class="formkit-spinner"></div><span>Subscribe</span></button></div></div></form>""",
        lead("first_name", "fields[first_name]"),
        lead("email", "email_address"),
    ),
    shape(
        "Brevo with a country beside the number",
        """<div class="sib-form"><form id="sib-form" method="POST" data-type="subscription"><div class="sib-input
        sib-form-block"><div class="form__entry entry_block"><div class="form__label-row"><label class="entry__label"
        for="EMAIL" data-required="*">Enter your email address to subscribe</label><div class="entry__field"><input
        class="input" type="text" id="EMAIL" name="EMAIL" autocomplete="off" placeholder="EMAIL"
        data-required="true"></div>
        </div></div></div><div class="sib-sms-field"><label class="entry__label" for="SMS">Enter your SMS
        number</label><div
        class="sib-sms-input-wrapper"><select class="input" name="SMS__COUNTRY_CODE" data-value="+44"><option
        value="+49">+49
        DE</option><option value="+44">+44 GB</option></select><input type="tel" class="input" id="SMS" name="SMS"
        autocomplete="off" placeholder="SMS"></div></div><label><input type="checkbox" name="OPT_IN" value="1">I
        agree</label>
        <button class="sib-form-block__button" form="sib-form" type="submit">SUBSCRIBE</button><input type="text"
        name="email_address_check" value="trap-brevo" class="input--hidden" style="display:none"></form></div>""",
        lead("email", "EMAIL"),
        choose("SMS__COUNTRY_CODE", "+49 DE"),
        lead("phone", "SMS"),
        tick("OPT_IN"),
        traps=["trap-brevo"],
    ),
)
