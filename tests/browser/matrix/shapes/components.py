"""Web components, shadow roots and inputs that stand elsewhere than their form."""

from tests.browser.matrix.shape import lead, other, secret, shape

SHAPES = (
    shape(
        "web component with a form in an open shadow root",
        """<contact-form></contact-form><script>customElements.define('contact-form', class extends HTMLElement {
        connectedCallback() { this.attachShadow({mode: 'open'}).innerHTML = `<form id="inner" onsubmit="return false">
        <label for="a">Your name</label><input id="a"><label for="b">Your email</label><input id="b" type="email">
        <label for="c">Password</label><input id="c" type="password"><button type="submit">Join</button></form>`; } })
        </script>""",
        lead("full_name", "#a"),
        lead("email", "#b"),
        secret("#c"),
    ),
    shape(
        "nested shadow roots, an input component each",
        """<lead-form></lead-form><script>customElements.define('text-box', class extends HTMLElement {
        connectedCallback() { const label = this.getAttribute('label'); this.attachShadow({mode: 'open'}).innerHTML =
        `<label><span>${label}</span><input class="box" type="${this.getAttribute('type') || 'text'}"></label>`; } });
        customElements.define('lead-form', class extends HTMLElement { connectedCallback() {
        this.attachShadow({mode: 'open'}).innerHTML = `<form id="deep" onsubmit="return false"><text-box class="one"
        label="First name"></text-box><text-box class="two" label="Last name"></text-box><text-box class="three"
        label="Email"
        type="email"></text-box><text-box class="four" label="Shoe size"></text-box><button
        type="submit">Go</button></form>`;
        } })</script>""",
        lead("first_name", ".one .box"),
        lead("last_name", ".two .box"),
        lead("email", ".three .box"),
        other(".four .box"),
    ),
    shape(
        "Salesforce lightning input, form-less",
        """<c-lead></c-lead><script>customElements.define('c-lead', class extends HTMLElement { connectedCallback() {
        this.attachShadow({mode: 'open'}).innerHTML = `<div class="slds-form"><div class="slds-form-element"><label
        class="slds-form-element__label" for="input-1">Company</label><input class="slds-input" id="input-1"></div><div
        class="slds-form-element"><label for="input-2">Email</label><input class="slds-input" id="input-2" type="email">
        </div><button class="slds-button" type="button">Save</button></div>`; } })</script>""",
        lead("company", "#input-1"),
        lead("email", "#input-2"),
        submit=".slds-button",
    ),
    shape(
        "Ionic input with the native one inside",
        """<form id="ion"><ion-item class="item"><ion-label class="sc-ion-label-md-h">Phone</ion-label><ion-input
        class="sc-ion-input-md-h"><input class="native-input sc-ion-input-md" aria-labelledby="ion-input-0-lbl"
        type="tel"
        name="ion-input-0" autocomplete="off"></ion-input></ion-item><ion-item><ion-input><label
        class="input-wrapper"><div
        class="label-text-wrapper"><div class="label-text">Email</div></div><div class="native-wrapper"><input
        class="native-input" id="ion-input-1" type="email" name="ion-input-1"></div></label></ion-input></ion-item>
        <ion-button type="submit" id="tap">Send</ion-button></form><script>
        document.getElementById('tap').onclick = () => document.getElementById('ion').requestSubmit()</script>""",
        lead("phone", "ion-input-0"),
        lead("email", "ion-input-1"),
        submit="#tap",
    ),
    shape(
        "form-associated custom element beside plain inputs",
        """<form id="fa" onsubmit="return false"><x-field name="company-field" label="Company"></x-field><label>Email
        <input
        name="mail" type="email"></label><button
        type="submit">Go</button></form><script>customElements.define('x-field',
        class extends HTMLElement { static formAssociated = true; connectedCallback() {
        this.internals = this.attachInternals();
        const root = this.attachShadow({mode: 'open', delegatesFocus: true}); root.innerHTML = `<label for="in">
        ${this.getAttribute('label')}</label><input id="in" part="input">`; root.querySelector('input').oninput =
        event =>
        this.internals.setFormValue(event.target.value); } })</script>""",
        lead("company", "x-field #in"),
        lead("email", "mail"),
    ),
    shape(
        "slotted input in a component's shadow root",
        """<form id="slotted" onsubmit="return false"><fancy-box><label slot="label" for="s1">Last name</label><input
        slot="input" id="s1"></fancy-box><fancy-box><label slot="label" for="s2">Telephone</label><input slot="input"
        id="s2"></fancy-box><button type="submit">Go</button></form><script>customElements.define('fancy-box', class
        extends
        HTMLElement { connectedCallback() { this.attachShadow({mode: 'open'}).innerHTML = `<div class="frame"><slot
        name="label"></slot><slot name="input"></slot></div>`; } })</script>""",
        lead("last_name", "#s1"),
        lead("phone", "#s2"),
    ),
    shape(
        "inputs that name their form from elsewhere",
        """<form id="order" onsubmit="return false"></form><table><tr><td>Name</td><td><input form="order"
        name="name"></td>
        </tr><tr><td>E-mail</td><td><input form="order" name="mail"></td></tr><tr><td>Colour</td><td><input form="order"
        name="colour"></td></tr></table><button form="order" type="submit">Send</button>""",
        lead("full_name", "name"),
        lead("email", "mail"),
        other("colour"),
    ),
    shape(
        "card of a payment component in a shadow root",
        """<form id="pay" onsubmit="return false"><label>E-mail <input name="email"></label><card-box></card-box><button
        type="submit">Pay</button></form><script>customElements.define('card-box', class extends HTMLElement {
        connectedCallback() { this.attachShadow({mode: 'open'}).innerHTML = `<label>Card number<input id="num"
        inputmode="numeric"></label><label>CVC<input id="cvc"></label>`; } })</script>""",
        lead("email", "email"),
        secret("#num", "5555 5555 5555 4444"),
        secret("#cvc", "9173"),
    ),
)
