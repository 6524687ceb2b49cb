"""Website builders."""

from tests.browser.matrix.shape import choose, lead, other, shape

SHAPES = (
    shape(
        "Webflow",
        """<div class="w-form"><form id="wf-form-Contact-Form" name="wf-form-Contact-Form" data-name="Contact Form"
        method="get" aria-label="Contact Form"><label for="name-2" class="field-label">Name</label><input
        class="w-input"
        maxlength="256" name="name-2" data-name="Name 2" placeholder="" type="text" id="name-2"><label
        for="Email-5">Email
        Address</label><input class="w-input" maxlength="256" name="Email-5" data-name="Email 5" type="email"
        id="Email-5"
        required><label for="Company-Name">Company Name</label><input class="w-input" name="Company-Name"
        data-name="Company Name" type="text" id="Company-Name"><label for="field">What are you looking
        for?</label><select
        id="field" name="field" class="w-select"><option value="">Select one...</option><option value="First">First
        choice
        </option></select><label for="Message-3">Message</label><textarea class="w-input" name="Message-3"
        id="Message-3"
        data-name="Message 3"></textarea><input type="submit" data-wait="Please wait..." class="w-button"
        value="Submit"></form>
        <div class="w-form-done" style="display:none"><div>Thank you!</div></div></div>""",
        lead("full_name", "name-2"),
        lead("email", "Email-5"),
        lead("company", "Company-Name"),
        choose("#field", "First choice"),
        lead("message", "Message-3"),
    ),
    shape(
        "Wix",
        """<div id="comp-lk1" class="comp-lk1"><form class="JVi7i2"><div class="MpKiNN" id="comp-lk2"><label
        for="input_comp-lk2" class="wPeA6j">First name</label><div class="pUnTVX"><input name="first-name"
        id="input_comp-lk2" class="KvoMHf has-custom-focus" type="text" placeholder="" aria-required="false"
        maxlength="100" autocomplete="off" value=""></div></div><div class="MpKiNN"><label for="input_comp-lk3">Last
        name
        </label><input name="last-name" id="input_comp-lk3" class="KvoMHf" type="text" autocomplete="off"></div><div
        class="MpKiNN"><label for="input_comp-lk4">Email</label><input name="email" id="input_comp-lk4" class="KvoMHf"
        type="email" required pattern="^.+@.+\\.[a-zA-Z]{2,63}$" maxlength="250" autocomplete="off"></div><div
        class="snt4Te"><label for="textarea_comp-lk5" class="PSkPrR">Write a message</label><textarea
        id="textarea_comp-lk5"
        class="rEindN has-custom-focus" rows="1" placeholder=""></textarea></div><div id="comp-lk6"
        class="FubTgk"><button
        aria-disabled="false" class="StylableButton" type="button" data-testid="buttonElement"
        aria-label="Submit"><span>Submit
        </span></button></div></form></div><script>document.querySelector('button').onclick = () =>
        fetch('/thanks', {method: 'POST', body: 'x=1'})</script>""",
        lead("first_name", "first-name"),
        lead("last_name", "last-name"),
        lead("email", "email"),
        lead("message", "#textarea_comp-lk5"),
        submit="button",
        submits=False,
    ),
    shape(
        "Wix checkout-like form with labels of its own",
        """<form><div data-hook="form-field-first_name_4f2a"><label id="field-3_9"
        for="form-field-input-first_name_4f2a">First
        name<span aria-hidden="true">*</span></label><input aria-labelledby="field-3_9"
        id="form-field-input-first_name_4f2a"
        type="text"></div><div data-hook="form-field-phone_1d0c"><label id="l7">Phone</label><input aria-labelledby="l7"
        type="tel" id="form-field-input-phone_1d0c"></div><div data-hook="form-field-email_77aa"><label
        id="l8">Email</label>
        <input aria-labelledby="l8" id="form-field-input-email_77aa" type="email"></div><div><label id="l9">Street
        address</label><input aria-labelledby="l9" type="text" class="street"></div><button
        type="submit">Next</button></form>""",
        lead("first_name", "#form-field-input-first_name_4f2a"),
        lead("phone", "#form-field-input-phone_1d0c"),
        lead("email", "#form-field-input-email_77aa"),
        other(".street", "7 Kiln Hollow Zq"),
    ),
    shape(
        "Squarespace",
        """<form data-form-id="65a" class="react-form-contents" novalidate><div class="form-fields fields"><fieldset
        id="name-aa1" class="form-item fields name required"><legend class="title">Name<span class="required"
        aria-hidden="true"> (required)</span></legend><div class="field first-name"><label class="caption"
        for="name-aa1-fname-field"><div class="caption-text">First Name</div><input class="field-element field-control"
        id="name-aa1-fname-field" name="fname" autocomplete="given-name" data-title="First"
        type="text"></label></div><div
        class="field last-name"><label class="caption" for="name-aa1-lname-field"><div class="caption-text">Last
        Name</div>
        <input class="field-element" id="name-aa1-lname-field" name="lname" autocomplete="family-name"
        type="text"></label>
        </div></fieldset><div id="email-aa2" class="form-item field email required"><label class="title"
        for="email-aa2-field">Email<span class="description required"> (required)</span></label><input
        id="email-aa2-field"
        class="field-element" name="email" type="email" autocomplete="email"></div><fieldset id="phone-aa3"
        class="form-item fields phone"><legend class="title">Phone</legend><div class="phone-inputs"><input type="text"
        inputmode="tel" autocomplete="tel" id="phone-aa3-input" aria-label="Phone"></div></fieldset><div
        class="form-item field textarea"><label class="title" for="textarea-aa4-field">Message</label><textarea
        class="field-element" id="textarea-aa4-field"></textarea></div></div><div class="form-button-wrapper"><button
        class="button sqs-system-button" type="submit">Send</button></div></form>""",
        lead("first_name", "fname"),
        lead("last_name", "lname"),
        lead("email", "email"),
        lead("phone", "#phone-aa3-input"),
        lead("message", "#textarea-aa4-field"),
    ),
    shape(
        "Weebly",
        """<form enctype="multipart/form-data" action="/ajax/apps/formSubmitAjax.php" method="POST" id="form-48">
        <ul class="formlist"><div class="wsite-form-field"><label class="wsite-form-label" for="input-81">Name <span
        class="form-required">*</span></label><div class="wsite-form-input-container wsite-form-left"><input
        aria-required="true" id="input-81" class="wsite-form-input wsite-input" placeholder="First" type="text"
        name="_u8112[first]"></div><div class="wsite-form-input-container wsite-form-right"><input id="input-81-1"
        class="wsite-form-input" placeholder="Last" type="text" name="_u8112[last]"></div></div><div
        class="wsite-form-field">
        <label class="wsite-form-label" for="input-82">Email <span class="form-required">*</span></label><input
        id="input-82" class="wsite-form-input" type="text" name="_u8113"></div><div class="wsite-form-field"><label
        class="wsite-form-label" for="input-83">Comment <span class="form-required">*</span></label><textarea
        id="input-83"
        class="wsite-form-input" name="_u8114"></textarea></div></ul><input type="hidden" name="wsite_subject" value="">
        <div style="text-align:left"><input type="submit" role="button" value="Submit"
        class="wsite-button"></div></form>""",
        lead("first_name", "_u8112[first]"),
        lead("last_name", "_u8112[last]"),
        lead("email", "_u8113"),
        lead("message", "_u8114"),
    ),
    shape(
        "Unbounce",
        """<div class="lp-element lp-pom-form" id="lp-pom-form-14"><form action="/fsg?pageId=1" method="POST"><div
        class="fields"><div class="lp-pom-form-field single-line-text" id="container_full_name"><label
        class="main lp-form-label" for="full_name" id="label_full_name">Full name&nbsp;*</label><input type="text"
        id="full_name" name="full_name" class="ub-input-item single text form_elem_full_name" required></div><div
        class="lp-pom-form-field email"><label class="main" for="business_email">Business email&nbsp;*</label><input
        type="email" id="business_email" name="business_email" class="ub-input-item"></div><div
        class="lp-pom-form-field">
        <label class="main" for="company_size">Company size</label><select id="company_size" name="company_size"><option
        value="">Please choose</option><option>10 to 49 zq</option></select></div><div class="lp-pom-form-field"><label
        for="mobile_number" class="main">Mobile number</label><input type="text" id="mobile_number"
        name="mobile_number">
        </div></div><button class="lp-element lp-pom-button" type="submit"><span class="label">Call
        me</span></button></form>
        </div>""",
        lead("full_name", "full_name"),
        lead("email", "business_email"),
        choose("company_size", "10 to 49 zq"),
        lead("phone", "mobile_number"),
    ),
    shape(
        "Framer",
        """<form class="framer-1xn"><label class="framer-a1"><div class="framer-t"><p
        class="framer-text">Name</p></div><div
        class="framer-form-text-input framer-form-input-wrapper"><input type="text" required name="Name"
        placeholder="Jane Smith" class="framer-form-input" value=""></div></label><label
        class="framer-a2"><div><p>Email</p>
        </div><div class="framer-form-input-wrapper"><input type="email" required name="Email"
        placeholder="jane@framer.example" class="framer-form-input"></div></label><label><div><p>Location</p></div><div>
        <input type="text" name="Location" class="framer-form-input"></div></label><div class="framer-c"><button
        type="submit"
        class="framer-v">Submit</button></div></form>""",
        lead("full_name", "Name"),
        lead("email", "Email"),
        other("Location"),
    ),
    shape(
        "Duda",
        """<div class="dmform default native-inputs"><div class="dmform-wrapper"><form class="dmRespDesignColsWrapper"
        method="post" id="1098" locale="ENGLISH"><div class="dmforminput required dmRespDesignCol small-12"><label
        id="1341" for="dmform-0" class="">Name:</label><input type="text" class="" name="dmform-0" id="dmform-0"><input
        type="hidden" name="label-dmform-0" value="Name"></div><div class="dmforminput"><label
        for="dmform-1">Email:</label>
        <input type="email" name="dmform-1" id="dmform-1"><input type="hidden" name="label-dmform-1"
        value="Email"></div><div
        class="dmforminput"><label for="dmform-2">Phone:</label><input type="tel" name="dmform-2"
        id="dmform-2"></div><div
        class="dmforminput"><label for="dmform-3">Message:</label><textarea name="dmform-3"
        id="dmform-3"></textarea></div>
        <div class="dmformsubmit"><input class="" name="submit" type="submit" value="Send Message"
        id="1098-submit"></div>
        </form></div></div>""",
        lead("full_name", "dmform-0"),
        lead("email", "dmform-1"),
        lead("phone", "dmform-2"),
        lead("message", "dmform-3"),
    ),
)
