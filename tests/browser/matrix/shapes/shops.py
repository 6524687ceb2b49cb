"""Shops: contact, registration and checkout."""

from tests.browser.matrix.shape import choose, lead, other, press, secret, shape, tick, withheld

CARD = "4111 1111 1111 1111"

SHAPES = (
    shape(
        "Shopify contact",
        """<form method="post" action="/contact#ContactForm" id="ContactForm" accept-charset="UTF-8"
        class="isolate"><input
        type="hidden" name="form_type" value="contact"><input type="hidden" name="utf8" value="✓"><div
        class="contact__fields"><div class="field"><input class="field__input" autocomplete="name" type="text"
        id="ContactForm-name" name="contact[Name]" value="" placeholder="Name"><label class="field__label"
        for="ContactForm-name">Name</label></div><div class="field field--with-error"><input autocomplete="email"
        type="email" id="ContactForm-email" class="field__input" name="contact[email]" spellcheck="false"
        autocapitalize="off" value="" aria-required="true" placeholder="Email"><label class="field__label"
        for="ContactForm-email">Email <span aria-hidden="true">*</span></label></div></div><div class="field"><input
        type="tel" id="ContactForm-phone" class="field__input" autocomplete="tel" name="contact[Phone number]"
        pattern="[0-9\\-]*" placeholder="Phone number"><label for="ContactForm-phone">Phone number</label></div><div
        class="field"><textarea rows="10" id="ContactForm-body" class="text-area field__input" name="contact[Comment]"
        placeholder="Comment"></textarea><label class="form__label field__label"
        for="ContactForm-body">Comment</label></div>
        <div class="contact__button"><button type="submit" class="button">Send</button></div></form>""",
        lead("full_name", "contact[Name]"),
        lead("email", "contact[email]"),
        lead("phone", "contact[Phone number]", "415-302-7719"),
        lead("message", "contact[Comment]"),
    ),
    shape(
        "Shopify checkout",
        """<form id="Form0" method="POST" novalidate><section aria-label="Contact"><label id="email-label"
        for="email">Email
        or mobile phone number</label><input id="email" name="email" type="email" aria-labelledby="email-label"
        autocomplete="shipping email"></section><section aria-label="Delivery"><label for="TextField0">First
        name</label>
        <input id="TextField0" name="firstName" placeholder="First name" type="text" autocomplete="shipping given-name">
        <label for="TextField1">Last name</label><input id="TextField1" name="lastName" placeholder="Last name"
        autocomplete="shipping family-name"><label for="TextField2">Company (optional)</label><input id="TextField2"
        name="company" autocomplete="shipping organization"><label for="shipping-address1">Address</label><input
        id="shipping-address1" name="address1" autocomplete="shipping address-line1" role="combobox"><label
        for="TextField4">City</label><input id="TextField4" name="city" autocomplete="shipping address-level2"><label
        for="TextField5">Phone</label><input id="TextField5" name="phone" type="tel"
        autocomplete="shipping tel-national">
        </section><section aria-label="Payment"><label for="number">Card number</label><input id="number" name="number"
        inputmode="numeric" autocomplete="cc-number" placeholder="Card number"><input id="expiry" name="expiry"
        autocomplete="cc-exp" placeholder="Expiration date (MM / YY)"><input id="verification_value"
        name="verification_value" autocomplete="cc-csc" placeholder="Security code"><input id="name" name="name"
        autocomplete="cc-name" placeholder="Name on card"></section><button type="submit">Pay now</button></form>""",
        lead("email", "email"),
        lead("first_name", "firstName"),
        lead("last_name", "lastName"),
        lead("company", "company"),
        other("address1", "31 Saltmarsh Row Zq"),
        other("city"),
        lead("phone", "phone"),
        secret("number", CARD),
        secret("expiry", "11 / 37"),
        secret("verification_value", "8264"),
        secret("#name"),
    ),
    shape(
        "WooCommerce checkout",
        """<form name="checkout" method="post" class="checkout woocommerce-checkout"><div
        class="woocommerce-billing-fields">
        <p class="form-row form-row-first validate-required" id="billing_first_name_field"><label
        for="billing_first_name">
        First name&nbsp;<abbr class="required" title="required">*</abbr></label><span class="woocommerce-input-wrapper">
        <input type="text" class="input-text" name="billing_first_name" id="billing_first_name"
        autocomplete="given-name">
        </span></p><p class="form-row"><label for="billing_last_name">Last name</label><input type="text"
        name="billing_last_name" id="billing_last_name" autocomplete="family-name"></p><p class="form-row"><label
        for="billing_company">Company name&nbsp;<span class="optional">(optional)</span></label><input type="text"
        name="billing_company" id="billing_company" autocomplete="organization"></p><p class="form-row"><label
        for="billing_country">Country / Region</label><select name="billing_country" id="billing_country"
        autocomplete="country"><option value="">Select a country</option><option
        value="PT">Portugal</option></select></p>
        <p class="form-row"><label for="billing_address_1">Street address</label><input type="text"
        name="billing_address_1"
        id="billing_address_1" placeholder="House number and street name" autocomplete="address-line1"></p><p
        class="form-row"><label for="billing_postcode">Postcode / ZIP</label><input type="text" name="billing_postcode"
        id="billing_postcode" autocomplete="postal-code"></p><p class="form-row"><label for="billing_city">Town / City
        </label><input type="text" name="billing_city" id="billing_city" autocomplete="address-level2"></p><p
        class="form-row"><label for="billing_phone">Phone</label><input type="tel" name="billing_phone"
        id="billing_phone"
        autocomplete="tel"></p><p class="form-row"><label for="billing_email">Email address</label><input type="email"
        name="billing_email" id="billing_email" autocomplete="email username"></p></div><p class="form-row notes"><label
        for="order_comments">Order notes&nbsp;<span>(optional)</span></label><textarea name="order_comments"
        id="order_comments" placeholder="Notes about your order, e.g. special notes for delivery."></textarea></p>
        <fieldset id="wc-card"><p><label for="card-nr">Card number *</label><input id="card-nr" type="tel"
        name="cardnumber"
        placeholder="•••• •••• •••• ••••"></p><p><label for="card-cvc">Card code *</label><input id="card-cvc"
        type="tel"
        name="cvc" maxlength="4" placeholder="CVC"></p></fieldset><button type="submit" class="button alt" name="place"
        id="place_order">Place order</button></form>""",
        lead("first_name", "billing_first_name"),
        lead("last_name", "billing_last_name"),
        lead("company", "billing_company"),
        choose("billing_country", "Portugal"),
        other("billing_address_1", "9 Vellum Court Zq"),
        other("billing_postcode", "ZQ7 2KD"),
        other("billing_city"),
        lead("phone", "billing_phone"),
        lead("email", "billing_email"),
        secret("cardnumber", CARD),
        secret("cvc", "6194"),
    ),
    shape(
        "Magento shipping address",
        """<form class="form form-shipping-address" id="co-shipping-form"><div class="field _required"
        name="shippingAddress.firstname"><label class="label" for="D0IK2OW"><span>First Name</span></label><div
        class="control"><input class="input-text" type="text" name="firstname" aria-required="true"
        id="D0IK2OW"></div></div>
        <div class="field" name="shippingAddress.lastname"><label class="label" for="S8GJX1L"><span>Last
        Name</span></label>
        <div class="control"><input class="input-text" type="text" name="lastname" id="S8GJX1L"></div></div><fieldset
        class="field street admin__control-fields"><legend class="label"><span>Street Address</span></legend><div
        class="control"><div class="field"><label class="label" for="VQ8X2LC"><span>Street Address: Line
        1</span></label>
        <input class="input-text" type="text" name="street[0]" id="VQ8X2LC"></div></div></fieldset><div
        class="field"><label
        class="label" for="X7XU7HA"><span>Phone Number</span></label><div class="control _with-tooltip"><input
        class="input-text" type="text" name="telephone" id="X7XU7HA"><div class="field-tooltip"><span
        class="label">Tooltip</span><div class="field-tooltip-content">For delivery questions.</div></div></div></div>
        <div class="field"><label class="label" for="O1Q"><span>Company</span></label><input class="input-text"
        name="company"
        id="O1Q"></div></form><fieldset id="customer-email-fieldset"><label for="customer-email"><span>Email
        Address</span></label><input type="email" form="co-shipping-form" name="username" id="customer-email"
        data-bind="textInput: email"></fieldset><button form="co-shipping-form" data-role="opc-continue"
        type="submit">Next
        </button>""",
        lead("first_name", "firstname"),
        lead("last_name", "lastname"),
        other("street[0]", "5 Gable Strand Zq"),
        lead("phone", "telephone"),
        lead("company", "company"),
        lead("email", "#customer-email"),
    ),
    shape(
        "registration in a shop",
        """<form action="/registration" id="customer-form" class="js-customer-form" method="post"><div class="form-group
        row"><label class="col-md-3 form-control-label">Social title</label><label class="radio-inline"><input
        name="id_gender" type="radio" value="1"> Mr.</label><label class="radio-inline"><input name="id_gender"
        type="radio"
        value="2"> Mrs.</label></div><div class="form-group row"><label class="col-md-3" for="field-firstname">First
        name
        </label><div class="col-md-6"><input id="field-firstname" class="form-control" name="firstname"
        type="text"><span
        class="form-control-comment">Only letters and the dot (.) character are allowed.</span></div></div><div
        class="form-group row"><label for="field-lastname">Last name</label><input id="field-lastname"
        name="lastname"></div>
        <div class="form-group row"><label for="field-email">Email</label><input id="field-email" name="email"
        type="email">
        </div><div class="form-group row"><label for="field-password">Password</label><input id="field-password"
        class="form-control js-visible-password" name="password" type="password" value="" pattern=".{5,}"><button
        class="show" type="button" onclick="document.getElementById('field-password').type = 'text'">Show</button></div>
        <div class="form-group row"><label for="field-birthday">Birthdate</label><input id="field-birthday"
        name="birthday"
        placeholder="MM/DD/YYYY"></div><label><input name="newsletter" type="checkbox" value="1"> Sign up for our
        newsletter
        </label><button class="btn btn-primary" data-link-action="save-customer" type="submit">Save</button></form>""",
        tick("[name=id_gender][value='2']"),
        lead("first_name", "firstname"),
        lead("last_name", "lastname"),
        lead("email", "email"),
        press(".show"),
        secret("#field-password"),
        other("birthday", "04/17/1969"),
        tick("newsletter"),
    ),
    shape(
        "guest checkout with gift message and coupon",
        """<form id="guest"><div><label for="g1">Email for your receipt</label><input id="g1"
        name="receipt_email"></div><div>
        <label for="g2">Recipient's name</label><input id="g2" name="recipient_name"></div><div><label
        for="g3">Gift message
        </label><textarea id="g3" name="gift_message"></textarea></div><div><label for="g4">Coupon code</label><input
        id="g4"
        name="coupon_code"></div><div><label for="g5">Shipping method</label><input id="g5"
        name="shipping_method"></div>
        <div><label for="g6">Cardholder name</label><input id="g6"
        name="card_holder_name"></div><button>Buy</button></form>""",
        lead("email", "receipt_email"),
        other("gift_message", "Happy birthday dear Olumbrix"),
        other("coupon_code", "SPRINGZQ77"),
        other("shipping_method", "by-balloon"),
        withheld("card_holder_name", "M Quillonby-Zarr"),
    ),
)
