"""Form plugins of WordPress."""

from tests.browser.matrix.shape import lead, other, repeat, shape, tick

SHAPES = (
    shape(
        "Contact Form 7",
        """<div class="wpcf7 js" id="wpcf7-f12-p34-o1" lang="en-US"><form action="/contact/#wpcf7-f12-p34-o1"
        method="post"
        class="wpcf7-form init" novalidate data-status="init"><div style="display: none;">
        <input type="hidden" name="_wpcf7" value="77120455"><input type="hidden" name="_wpcf7_locale"
        value="en_US"></div>
        <p><label> Your name<br><span class="wpcf7-form-control-wrap" data-name="your-name"><input size="40"
        maxlength="400"
        class="wpcf7-form-control wpcf7-text" autocomplete="name" aria-required="true" type="text" name="your-name">
        </span></label></p>
        <p><label> Your email<br><span class="wpcf7-form-control-wrap" data-name="your-email"><input size="40"
        class="wpcf7-form-control wpcf7-email" autocomplete="email" type="email" name="your-email"></span></label></p>
        <p><label> Subject<br><span class="wpcf7-form-control-wrap" data-name="your-subject"><input size="40"
        class="wpcf7-form-control wpcf7-text" type="text" name="your-subject"></span></label></p>
        <p><label> Your message (optional)<br><span class="wpcf7-form-control-wrap" data-name="your-message"><textarea
        cols="40" rows="10" class="wpcf7-form-control wpcf7-textarea" name="your-message"></textarea></span></label></p>
        <p><input class="wpcf7-form-control wpcf7-submit" type="submit" value="Submit"></p></form></div>""",
        lead("full_name", "your-name"),
        lead("email", "your-email"),
        other("your-subject"),
        lead("message", "your-message"),
        traps=["77120455"],
    ),
    shape(
        "Contact Form 7, menus and generated names",
        """<form class="wpcf7-form" method="post" novalidate><p>Company<br><span class="wpcf7-form-control-wrap">
        <input class="wpcf7-form-control wpcf7-text" name="text-417" type="text" placeholder="Company name*"></span></p>
        <p>E-mail<br><span><input type="email" name="email-83" placeholder="E-mail*"></span></p>
        <p>Tel<br><span><input class="wpcf7-tel" type="tel" name="tel-922" placeholder="Telephone"></span></p>
        <p>Enquiry<br><span><textarea name="textarea-501" placeholder="How can we help?"></textarea></span></p>
        <span class="wpcf7-form-control-wrap acceptance-1"><label><input type="checkbox" name="acceptance-1" value="1">
        <span class="wpcf7-list-item-label">I agree to be contacted by e-mail</span></label></span>
        <input type="submit" value="Send"></form>""",
        lead("company", "text-417"),
        lead("email", "email-83"),
        lead("phone", "tel-922"),
        lead("message", "textarea-501"),
        tick("acceptance-1"),
    ),
    shape(
        "Gravity Forms",
        """<div class="gform_wrapper gravity-theme" id="gform_wrapper_3"><form method="post" id="gform_3" action="/c/">
        <div class="gform_body gform-body"><div id="gform_fields_3" class="gform_fields top_label">
        <fieldset id="field_3_1" class="gfield gfield--type-name gfield_contains_required"><legend class="gfield_label
        gform-field-label gfield_label_before_complex">Name<span class="gfield_required">(Required)</span></legend>
        <div class="ginput_complex ginput_container no_prefix has_first_name no_middle_name has_last_name">
        <span id="input_3_1_3_container" class="name_first"><input type="text" name="input_1.3" id="input_3_1_3"
        aria-required="true"><label for="input_3_1_3" class="gform-field-label--type-sub">First</label></span>
        <span id="input_3_1_6_container" class="name_last"><input type="text" name="input_1.6" id="input_3_1_6">
        <label for="input_3_1_6" class="gform-field-label--type-sub">Last</label></span></div></fieldset>
        <div id="field_3_2" class="gfield gfield--type-email"><label class="gfield_label" for="input_3_2">Email
        <span class="gfield_required">(Required)</span></label><div class="ginput_container ginput_container_email">
        <input name="input_2" id="input_3_2" type="email" class="large"></div></div>
        <div id="field_3_4" class="gfield gfield--type-phone"><label class="gfield_label" for="input_3_4">Phone</label>
        <div class="ginput_container"><input name="input_4" id="input_3_4" type="tel" class="large"></div></div>
        <div id="field_3_5" class="gfield gfield--type-textarea"><label class="gfield_label" for="input_3_5">Comments
        </label><div class="ginput_container"><textarea name="input_5" id="input_3_5" class="textarea small"></textarea>
        <div class="charleft ginput_counter">0 of 600 max characters</div></div></div>
        <div id="field_3_6" class="gfield gfield--type-honeypot gform_validation_container"
        style="position:absolute;left:-9000px"><label for="input_3_6">Email</label><input name="input_6" id="input_3_6"
        type="text" value="trap-gravity" autocomplete="new-password" tabindex="-1"></div></div></div>
        <div class="gform_footer"><input type="submit" id="gform_submit_button_3" value="Submit"></div></form></div>""",
        lead("first_name", "input_1.3"),
        lead("last_name", "input_1.6"),
        lead("email", "input_2"),
        lead("phone", "input_4"),
        lead("message", "input_5"),
        traps=["trap-gravity"],
    ),
    shape(
        "Gravity Forms, address and confirmed e-mail",
        """<form method="post" id="gform_9"><fieldset class="gfield"><legend class="gfield_label">Email</legend>
        <div class="ginput_complex"><span><input type="email" name="input_2" id="input_9_2"><label for="input_9_2">Enter
        Email</label></span><span><input type="email" name="input_2_2" id="input_9_2_2"><label for="input_9_2_2">Confirm
        Email</label></span></div></fieldset><fieldset class="gfield gfield--type-address"><legend>Address</legend>
        <span class="address_line_1"><input type="text" name="input_7.1" id="input_9_7_1"><label
        for="input_9_7_1">Street
        Address</label></span><span class="address_city"><input type="text" name="input_7.3" id="input_9_7_3">
        <label for="input_9_7_3">City</label></span><span class="address_zip"><input type="text" name="input_7.5"
        id="input_9_7_5"><label for="input_9_7_5">ZIP / Postal Code</label></span></fieldset>
        <div class="gfield"><label for="input_9_8">Company Name</label><input name="input_8" id="input_9_8"></div>
        <input type="submit" value="Submit"></form>""",
        lead("email", "input_2"),
        repeat("email", "input_2_2"),
        other("input_7.1", "12 Tanner Lane Zq"),
        other("input_7.3", "Ashfordholme"),
        other("input_7.5", "ZQ81 4XA"),
        lead("company", "input_8"),
    ),
    shape(
        "WPForms",
        """<div class="wpforms-container"><form id="wpforms-form-88" class="wpforms-validate wpforms-form"
        method="post">
        <div class="wpforms-field-container"><div id="wpforms-88-field_0-container"
        class="wpforms-field wpforms-field-name">
        <fieldset><legend class="wpforms-field-label">Name <span class="wpforms-required-label">*</span></legend>
        <div class="wpforms-field-row"><div class="wpforms-first wpforms-one-half"><input type="text"
        id="wpforms-88-field_0"
        class="wpforms-field-name-first" name="wpforms[fields][0][first]"><label for="wpforms-88-field_0"
        class="wpforms-field-sublabel after">First</label></div><div class="wpforms-one-half"><input type="text"
        id="wpforms-88-field_0-last" class="wpforms-field-name-last" name="wpforms[fields][0][last]">
        <label for="wpforms-88-field_0-last"
        class="wpforms-field-sublabel after">Last</label></div></div></fieldset></div>
        <div class="wpforms-field wpforms-field-email"><label class="wpforms-field-label" for="wpforms-88-field_1">Email
        </label><input type="email" id="wpforms-88-field_1" name="wpforms[fields][1]"></div>
        <div class="wpforms-field wpforms-field-textarea"><label class="wpforms-field-label" for="wpforms-88-field_2">
        Comment or Message</label><textarea id="wpforms-88-field_2" name="wpforms[fields][2]"></textarea></div></div>
        <div class="wpforms-field wpforms-field-hp" style="display:none!important"><label
        for="wpforms-88-field-hp">Message
        </label><input type="text" name="wpforms[hp]" id="wpforms-88-field-hp" value="trap-wpforms"></div>
        <button type="submit" name="wpforms[submit]" data-alt-text="Sending...">Submit</button></form></div>""",
        lead("first_name", "wpforms[fields][0][first]"),
        lead("last_name", "wpforms[fields][0][last]"),
        lead("email", "wpforms[fields][1]"),
        lead("message", "wpforms[fields][2]"),
        traps=["trap-wpforms"],
    ),
    shape(
        "Ninja Forms",
        """<div id="nf-form-1-cont" class="nf-form-cont"><div class="nf-form-layout"><form><div class="nf-form-content">
        <nf-field><div class="nf-field-container firstname-container label-above"><div class="nf-field-label">
        <label for="nf-field-5" id="nf-label-field-5">First Name <span
        class="ninja-forms-req-symbol">*</span></label></div>
        <div class="nf-field-element"><input type="text" id="nf-field-5" name="fname" autocomplete="given-name"
        aria-labelledby="nf-label-field-5" class="ninja-forms-field nf-element"></div></div></nf-field>
        <nf-field><div class="nf-field-label"><label for="nf-field-6">Last Name</label></div><input type="text"
        id="nf-field-6" name="lname" class="ninja-forms-field nf-element"></nf-field>
        <nf-field><div class="nf-field-label"><label for="nf-field-7">Email</label></div><input type="email"
        id="nf-field-7" name="email" autocomplete="email" class="ninja-forms-field nf-element"></nf-field>
        <nf-field><div class="nf-field-label"><label for="nf-field-8">Message</label></div><textarea id="nf-field-8"
        name="nf-field-8" class="ninja-forms-field nf-element"></textarea></nf-field>
        <nf-field><input type="button" id="nf-field-9" class="ninja-forms-field nf-element" value="Submit"></nf-field>
        </div></form></div></div><script>document.getElementById('nf-field-9').onclick = () =>
        document.forms[0].requestSubmit()</script>""",
        lead("first_name", "#nf-field-5"),
        lead("last_name", "#nf-field-6"),
        lead("email", "#nf-field-7"),
        lead("message", "#nf-field-8"),
        submit="#nf-field-9",
    ),
    shape(
        "Elementor",
        """<form class="elementor-form" method="post" name="New Form"><input type="hidden" name="post_id"
        value="88120934">
        <div class="elementor-form-fields-wrapper elementor-labels-"><div
        class="elementor-field-type-text elementor-field-group
        elementor-column elementor-field-group-name"><label for="form-field-name" class="elementor-field-label
        elementor-screen-only">Name</label><input size="1" type="text" name="form_fields[name]" id="form-field-name"
        class="elementor-field elementor-size-sm elementor-field-textual" placeholder="Name"></div>
        <div class="elementor-field-type-email elementor-field-group"><label for="form-field-email"
        class="elementor-field-label elementor-screen-only">Email</label><input size="1" type="email"
        name="form_fields[email]" id="form-field-email" placeholder="Email" required></div>
        <div class="elementor-field-type-tel elementor-field-group"><input size="1" type="tel"
        name="form_fields[field_1a2b3c]" id="form-field-field_1a2b3c" placeholder="Phone"
        pattern="[0-9()#&+*-=. ]+"></div>
        <div class="elementor-field-type-textarea elementor-field-group"><textarea class="elementor-field-textual"
        name="form_fields[message]" id="form-field-message" rows="4" placeholder="Message"></textarea></div>
        <button type="submit" class="elementor-button elementor-size-sm"><span>Send</span></button></div></form>""",
        lead("full_name", "form_fields[name]"),
        lead("email", "form_fields[email]"),
        lead("phone", "form_fields[field_1a2b3c]"),
        lead("message", "form_fields[message]"),
        traps=["88120934"],
    ),
    shape(
        "Formidable Forms",
        """<form enctype="multipart/form-data" method="post" class="frm-show-form" id="form_contact2"><div
        class="frm_form_fields">
        <fieldset><legend class="frm_screen_reader">Contact Us</legend><div id="frm_field_6_container"
        class="frm_form_field
        form-field frm_required_field frm_top_container frm6"><label for="field_qh4icy2" id="field_qh4icy2_label"
        class="frm_primary_label">First Name <span class="frm_required">*</span></label><input type="text"
        id="field_qh4icy2" name="item_meta[6]" data-reqmsg="First Name cannot be blank."></div>
        <div class="frm_form_field form-field"><label for="field_ocfup12" class="frm_primary_label">Last Name</label>
        <input type="text" id="field_ocfup12" name="item_meta[7]"></div>
        <div class="frm_form_field form-field"><label for="field_29yf4d2" class="frm_primary_label">Email</label>
        <input type="email" id="field_29yf4d2" name="item_meta[8]"></div>
        <div class="frm_form_field form-field"><label for="field_e6lis62" class="frm_primary_label">Subject</label>
        <input type="text" id="field_e6lis62" name="item_meta[9]"></div>
        <div class="frm_form_field form-field"><label for="field_9jv0r12" class="frm_primary_label">Message</label>
        <textarea name="item_meta[10]" id="field_9jv0r12" rows="5"></textarea></div>
        <div class="frm_verify" style="position:absolute;left:-5000px"><label for="frm_email_2">If you are human,
        leave this
        field blank.</label><input type="email" id="frm_email_2" name="frm_verify"
        value="trap@formidable.example"></div>
        <div class="frm_submit"><button class="frm_button_submit"
        type="submit">Submit</button></div></fieldset></div></form>""",
        lead("first_name", "item_meta[6]"),
        lead("last_name", "item_meta[7]"),
        lead("email", "item_meta[8]"),
        other("item_meta[9]"),
        lead("message", "item_meta[10]"),
        traps=["trap@formidable.example"],
    ),
    shape(
        "comment form of a blog",
        """<form action="/wp-comments-post.php" method="post" id="commentform" class="comment-form" novalidate>
        <p class="comment-notes">Your email address will not be published.</p><p class="comment-form-comment">
        <label for="comment">Comment <span class="required">*</span></label> <textarea id="comment" name="comment"
        cols="45"
        rows="8" maxlength="65525" required></textarea></p><p class="comment-form-author"><label
        for="author">Name</label>
        <input id="author" name="author" type="text" size="30" maxlength="245" autocomplete="name"></p>
        <p class="comment-form-email"><label for="email">Email</label> <input id="email" name="email" type="email"
        size="30"
        aria-describedby="email-notes" autocomplete="email"></p><p class="comment-form-url"><label
        for="url">Website</label>
        <input id="url" name="url" type="url" size="30" autocomplete="url"></p><p class="form-submit"><input
        name="submit"
        type="submit" id="submit" value="Post Comment"><input type="hidden" name="comment_post_ID" value="90017733"
        id="comment_post_ID"></p></form>""",
        lead("message", "comment"),
        lead("full_name", "author"),
        lead("email", "email"),
        other("url", "https://gelbrook.example/"),
        submit="#submit",
        traps=["90017733"],
    ),
    shape(
        "MailPoet",
        """<form class="mailpoet_form mailpoet_form_form" method="post" novalidate><label
        class="mailpoet_hp_email_label"
        style="display:none!important">Please leave this field empty<input type="email" name="data[email]"
        value="trap@mailpoet.example"></label><div class="mailpoet_paragraph"><input type="text"
        autocomplete="given-name" class="mailpoet_text" name="data[form_field_NzA5ZGVm]" title="First name"
        placeholder="First name"></div><div class="mailpoet_paragraph"><input type="email" autocomplete="email"
        class="mailpoet_text" name="data[form_field_YTQ1ZmE3]" title="Email Address"
        placeholder="Email Address *"></div>
        <div class="mailpoet_paragraph"><input type="submit" class="mailpoet_submit"
        value="Subscribe!"></div></form>""",
        lead("first_name", "data[form_field_NzA5ZGVm]"),
        lead("email", "data[form_field_YTQ1ZmE3]"),
        traps=["trap@mailpoet.example"],
    ),
    shape(
        "Divi",
        """<div id="et_pb_contact_form_0" class="et_pb_contact_form_container"><form class="et_pb_contact_form clearfix"
        method="post"><p class="et_pb_contact_field et_pb_contact_field_half" data-id="name" data-type="input"><label
        for="et_pb_contact_name_0" class="et_pb_contact_form_label">Name</label><input type="text"
        id="et_pb_contact_name_0"
        class="input" name="et_pb_contact_name_0" placeholder="Name" data-field_type="input"
        data-original_id="name"></p>
        <p class="et_pb_contact_field"><label for="et_pb_contact_email_0" class="et_pb_contact_form_label">Email Address
        </label><input type="text" id="et_pb_contact_email_0" class="input" name="et_pb_contact_email_0"
        placeholder="Email Address"></p><p class="et_pb_contact_field"><label for="et_pb_contact_message_0"
        class="et_pb_contact_form_label">Message</label><textarea name="et_pb_contact_message_0"
        id="et_pb_contact_message_0" class="et_pb_contact_message input" placeholder="Message"></textarea></p>
        <div class="et_contact_bottom_container"><div class="et_pb_contact_right"><p class="clearfix"><span
        class="et_pb_contact_captcha_question">7 + 11</span> = <input type="text" size="2"
        class="input et_pb_contact_captcha"
        name="et_pb_contact_captcha_0" value="" autocomplete="off"></p></div><button type="submit"
        class="et_pb_contact_submit et_pb_button">Submit</button></div></form></div>""",
        lead("full_name", "et_pb_contact_name_0"),
        lead("email", "et_pb_contact_email_0"),
        lead("message", "et_pb_contact_message_0"),
        other("et_pb_contact_captcha_0", "eighteen"),
    ),
    shape(
        "Fluent Forms",
        """<form data-form_id="4" id="fluentform_4" class="frm-fluent-form fluent_form_4" method="POST"><fieldset
        style="border:none"><legend class="ff_screen_reader_title">Request a demo</legend><div data-type="name-element"
        data-name="names" class="ff-field_container ff-name-field-wrapper"><div class="ff-t-container"><div
        class="ff-t-cell"><div class="ff-el-group"><div class="ff-el-input--label"><label
        for="ff_4_names_first_name_" aria-label="First Name">First Name</label></div><input type="text"
        name="names[first_name]" id="ff_4_names_first_name_" class="ff-el-form-control"
        placeholder="First Name"></div></div>
        <div class="ff-t-cell"><div class="ff-el-input--label"><label for="ff_4_names_last_name_">Last
        Name</label></div>
        <input type="text" name="names[last_name]" id="ff_4_names_last_name_" placeholder="Last Name"></div></div></div>
        <div class="ff-el-group"><div class="ff-el-input--label"><label for="ff_4_email">Work Email</label></div><input
        type="email" name="email" id="ff_4_email" placeholder="Work e-mail"></div><div class="ff-el-group"><div
        class="ff-el-input--label"><label for="ff_4_input_text">Job Title</label></div><input type="text"
        name="input_text" id="ff_4_input_text"></div><div class="ff-el-group"><div class="ff-el-input--label"><label
        for="ff_4_input_text_1">Company</label></div><input type="text" name="input_text_1"
        id="ff_4_input_text_1"></div>
        <button type="submit" class="ff-btn ff-btn-submit">Book</button></fieldset></form>""",
        lead("first_name", "names[first_name]"),
        lead("last_name", "names[last_name]"),
        lead("email", "email"),
        other("input_text", "Head of Gardening Zq"),
        lead("company", "input_text_1"),
    ),
)
