"""Content management systems and server-side frameworks, by the names and ids that they generate."""

from tests.browser.matrix.shape import choose, lead, other, repeat, secret, shape

SHAPES = (
    shape(
        "Drupal webform",
        """<form class="webform-submission-form
        webform-submission-add-form webform-submission-contact-form" method="post"
        data-drupal-selector="webform-submission-contact-add-form" action="/contact"
        id="webform-submission-contact-add-form"
        accept-charset="UTF-8"><div class="js-form-item form-item js-form-type-textfield form-item-name"><label
        for="edit-name" class="js-form-required form-required">Your Name</label><input data-drupal-selector="edit-name"
        type="text" id="edit-name" name="name" value="" size="60" maxlength="255" class="form-text required"></div><div
        class="js-form-item form-item-email"><label for="edit-email">Your Email</label><input type="email"
        id="edit-email"
        name="email" size="60" class="form-email required"></div><div class="js-form-item"><label
        for="edit-subject">Subject
        </label><input type="text" id="edit-subject" name="subject" class="form-text"></div><div
        class="js-form-item"><label
        for="edit-message">Message</label><div class="form-textarea-wrapper"><textarea id="edit-message" name="message"
        rows="5" cols="60" class="form-textarea required"></textarea></div></div><input autocomplete="off" type="hidden"
        name="form_build_id" value="form-Hq0d1x77zz"><div class="form-actions"><input class="webform-button--submit"
        type="submit" id="edit-actions-submit" name="op" value="Send message"></div><div class="url-textfield
        js-form-wrapper form-wrapper" style="display:
        none !important;"><label for="edit-url">Leave this field blank</label>
        <input autocomplete="off" type="text" id="edit-url" name="url" value="trap-drupal"></div></form>""",
        lead("full_name", "name"),
        lead("email", "email"),
        other("subject"),
        lead("message", "message"),
        traps=["form-Hq0d1x77zz", "trap-drupal"],
    ),
    shape(
        "Drupal 7 webform",
        """<form class="webform-client-form webform-client-form-19" id="webform-client-form-19" method="post"><div
        class="form-item webform-component webform-component-textfield webform-component--nom"><label
        for="edit-submitted-nom">Nom <span class="form-required">*</span></label><input type="text"
        id="edit-submitted-nom"
        name="submitted[nom]" size="60"></div><div class="form-item"><label
        for="edit-submitted-prenom">Prénom</label><input
        type="text" id="edit-submitted-prenom" name="submitted[prenom]"></div><div class="form-item"><label
        for="edit-submitted-courriel">Courriel</label><input class="email form-text" type="email"
        id="edit-submitted-courriel" name="submitted[courriel]"></div><div class="form-item"><label
        for="edit-submitted-votre-demande">Votre message</label><textarea id="edit-submitted-votre-demande"
        name="submitted[votre_demande]"></textarea></div><input type="submit" name="op" value="Envoyer"></form>""",
        lead("last_name", "submitted[nom]"),
        lead("first_name", "submitted[prenom]"),
        lead("email", "submitted[courriel]"),
        lead("message", "submitted[votre_demande]"),
    ),
    shape(
        "Joomla contact",
        """<form id="contact-form" action="/contact" method="post" class="form-validate
        form-horizontal well"><fieldset><legend>
        Send an Email</legend><div class="control-group"><div class="control-label"><label id="jform_contact_name-lbl"
        for="jform_contact_name" class="required">Name<span class="star">&#160;*</span></label></div><div
        class="controls">
        <input type="text" name="jform[contact_name]" id="jform_contact_name" value="" class="form-control required"
        size="30" autocomplete="name"></div></div><div class="control-group"><label for="jform_contact_email">Email<span
        class="star">*</span></label><input type="email" inputmode="email" name="jform[contact_email]"
        class="form-control validate-email" id="jform_contact_email" autocomplete="email"></div><div
        class="control-group">
        <label for="jform_contact_emailmsg">Subject</label><input type="text" name="jform[contact_subject]"
        id="jform_contact_emailmsg"></div><div class="control-group"><label for="jform_contact_message">Message</label>
        <textarea name="jform[contact_message]" id="jform_contact_message" cols="50" rows="10"></textarea></div><label>
        <input type="checkbox" name="jform[contact_email_copy]" value="1">Send a copy to
        yourself</label></fieldset><button
        class="btn btn-primary validate" type="submit">Send Email</button></form>""",
        lead("full_name", "jform[contact_name]"),
        lead("email", "jform[contact_email]"),
        other("jform[contact_subject]"),
        lead("message", "jform[contact_message]"),
    ),
    shape(
        "TYPO3 powermail",
        """<form method="post" enctype="multipart/form-data" name="field" class="powermail_form
        powermail_form_2 nolabel"
        action="/kontakt"><h3>Kontakt</h3><fieldset class="powermail_fieldset"><legend class="powermail_legend">Ihre
        Angaben
        </legend><div class="powermail_fieldwrap powermail_fieldwrap_type_input"><label for="powermail_field_vorname"
        class="powermail_label">Vorname<span class="mandatory">*</span></label><input class="powermail_input"
        type="text"
        name="tx_powermail_pi1[field][vorname]" id="powermail_field_vorname"></div><div
        class="powermail_fieldwrap"><label
        for="powermail_field_name" class="powermail_label">Name<span class="mandatory">*</span></label><input
        type="text"
        name="tx_powermail_pi1[field][name]" id="powermail_field_name"></div><div class="powermail_fieldwrap"><label
        for="powermail_field_email">E-Mail</label><input type="email" name="tx_powermail_pi1[field][email]"
        id="powermail_field_email"></div><div class="powermail_fieldwrap"><label for="powermail_field_marker_01">Telefon
        </label><input type="tel" name="tx_powermail_pi1[field][marker_01]" id="powermail_field_marker_01"></div><div
        class="powermail_fieldwrap"><label for="powermail_field_marker">Ihre Nachricht</label><textarea
        name="tx_powermail_pi1[field][marker]" id="powermail_field_marker"></textarea></div></fieldset><div
        style="margin-left:-99999px;position:absolute"><label for="powermail_hp_2">Diese Felder nicht ausfüllen!</label>
        <input autocomplete="new-powermail-hp" aria-hidden="true" id="powermail_hp_2" type="text"
        name="tx_powermail_pi1[field][__hp]" value="trap-powermail"></div><button class="powermail_submit"
        type="submit">Absenden</button></form>""",
        lead("first_name", "tx_powermail_pi1[field][vorname]"),
        lead("last_name", "tx_powermail_pi1[field][name]"),
        lead("email", "tx_powermail_pi1[field][email]"),
        lead("phone", "tx_powermail_pi1[field][marker_01]"),
        lead("message", "tx_powermail_pi1[field][marker]"),
        traps=["trap-powermail"],
    ),
    shape(
        "TYPO3 form framework",
        """<form enctype="multipart/form-data" method="post" id="contactForm-1" action="/c"><input type="hidden"
        name="tx_form_formframework[contactForm-1][__state]" value="TzozOToiVFlQTzNab"><div class="form-group"><label
        class="control-label" for="contactForm-1-text-1">Firma</label><div class="input"><input class="form-control"
        id="contactForm-1-text-1" type="text" name="tx_form_formframework[contactForm-1][text-1]"></div></div><div
        class="form-group"><label for="contactForm-1-text-2">Ansprechpartner</label><input class="form-control"
        id="contactForm-1-text-2" type="text" name="tx_form_formframework[contactForm-1][text-2]"></div><div
        class="form-group"><label for="contactForm-1-email-1">E-Mail-Adresse<span
        class="required">*</span></label><input
        class="form-control" id="contactForm-1-email-1" type="email"
        name="tx_form_formframework[contactForm-1][email-1]">
        </div><div class="form-group"><label for="contactForm-1-textarea-1">Mitteilung</label><textarea class="xxlarge
        form-control" id="contactForm-1-textarea-1"
        name="tx_form_formframework[contactForm-1][textarea-1]"></textarea></div>
        <nav class="form-navigation"><button class="btn btn-primary" type="submit"
        name="tx_form_formframework[contactForm-1][__currentPage]" value="1">Absenden</button></nav></form>""",
        lead("company", "tx_form_formframework[contactForm-1][text-1]"),
        lead("email", "tx_form_formframework[contactForm-1][email-1]"),
        lead("message", "tx_form_formframework[contactForm-1][textarea-1]"),
        traps=["TzozOToiVFlQTzNab"],
    ),
    shape(
        "Rails sign-up",
        """<form class="simple_form new_user" id="new_user" novalidate action="/users" accept-charset="UTF-8"
        method="post">
        <input type="hidden" name="authenticity_token" value="kq0Zt7csrfRails"><div class="input string required
        user_first_name"><label class="string required" for="user_first_name"><abbr title="required">*</abbr> First name
        </label><input class="string required" type="text" name="user[first_name]" id="user_first_name"></div><div
        class="input string user_last_name"><label for="user_last_name">Last name</label><input type="text"
        name="user[last_name]" id="user_last_name"></div><div class="input email user_email"><label
        for="user_email">Email
        </label><input type="email" value="" name="user[email]" id="user_email" autocomplete="email"></div><div
        class="input
        password"><label for="user_password">Password</label><input type="password"
        name="user[password]" id="user_password"
        autocomplete="new-password"></div><div class="input password"><label for="user_password_confirmation">Password
        confirmation</label><input type="password" name="user[password_confirmation]"
        id="user_password_confirmation"></div>
        <div class="input"><label for="user_company_attributes_name">Company name</label><input type="text"
        name="user[company_attributes][name]" id="user_company_attributes_name"></div><input type="submit" name="commit"
        value="Sign up" data-disable-with="Sign up"></form>""",
        lead("first_name", "user[first_name]"),
        lead("last_name", "user[last_name]"),
        lead("email", "user[email]"),
        secret("user[password]", "Kestrel-Jam-88"),
        secret("user[password_confirmation]", "Kestrel-Jam-88"),
        lead("company", "user[company_attributes][name]"),
        traps=["kq0Zt7csrfRails"],
    ),
    shape(
        "ASP.NET WebForms",
        """<form method="post" action="./Contact.aspx" id="ctl01"><div class="aspNetHidden"><input type="hidden"
        name="__VIEWSTATE" id="__VIEWSTATE" value="/wEPDwUKLTEwMjQzNzU5Nw9k"></div><div class="row"><span
        id="MainContent_lblFirst">First name</span><input name="ctl00$MainContent$txtFirstName" type="text"
        id="MainContent_txtFirstName" class="form-control"></div><div class="row"><span>Surname</span><input
        name="ctl00$MainContent$txtSurname" type="text" id="MainContent_txtSurname"></div><div class="row"><span>E-mail
        </span><input name="ctl00$MainContent$txtEmail" type="text" id="MainContent_txtEmail"></div><div
        class="row"><span>
        Telephone</span><input name="ctl00$MainContent$txtTelephone" type="text"
        id="MainContent_txtTelephone"></div><div
        class="row"><span>Enquiry</span><textarea name="ctl00$MainContent$txtEnquiry" rows="5" cols="20"
        id="MainContent_txtEnquiry"></textarea></div><select name="ctl00$MainContent$ddlTitle"
        id="MainContent_ddlTitle"><option value="">Title</option><option value="Dr">Dr</option></select><input
        type="submit"
        name="ctl00$MainContent$btnSend" value="Send" id="MainContent_btnSend"></form>""",
        lead("first_name", "#MainContent_txtFirstName"),
        lead("last_name", "#MainContent_txtSurname"),
        lead("email", "#MainContent_txtEmail"),
        lead("phone", "#MainContent_txtTelephone"),
        lead("message", "#MainContent_txtEnquiry"),
        choose("#MainContent_ddlTitle", "Dr"),
        traps=["wEPDwUKLTEwMjQzNzU5Nw9k"],
    ),
    shape(
        "Django crispy form",
        """<form method="post"><input type="hidden" name="csrfmiddlewaretoken" value="Zq1csrfDjangoToken77"><div
        id="div_id_contact-sender_name" class="mb-3"><label for="id_contact-sender_name"
        class="form-label requiredField">
        Full name<span class="asteriskField">*</span></label><input type="text" name="contact-sender_name"
        maxlength="100"
        class="textinput form-control" id="id_contact-sender_name"></div><div class="mb-3"><label
        for="id_contact-reply_to"
        class="form-label">Your e-mail address</label><input type="email" name="contact-reply_to"
        id="id_contact-reply_to"
        class="emailinput form-control"></div><div class="mb-3"><label for="id_contact-reply_to2">E-mail address (again)
        </label><input type="email" name="contact-reply_to2" id="id_contact-reply_to2"></div><div class="mb-3"><label
        for="id_contact-body" class="form-label">Your message</label><textarea name="contact-body" cols="40" rows="10"
        id="id_contact-body"></textarea></div><input type="submit" name="submit" value="Send" class="btn btn-primary"
        id="submit-id-submit"></form>""",
        lead("full_name", "contact-sender_name"),
        lead("email", "contact-reply_to"),
        repeat("email", "contact-reply_to2"),
        lead("message", "contact-body"),
        traps=["Zq1csrfDjangoToken77"],
    ),
)
