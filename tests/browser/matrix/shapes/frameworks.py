"""What component libraries and frameworks render, and how they handle input and submission."""

from tests.browser.matrix.shape import choose, lead, other, press, secret, shape

# React keeps the value it knows in a tracker on the element and skips input events that change nothing; it re-renders
# on # each keystroke, and handles the submission itself.
REACT = """<script>
const setter = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value');
document.querySelectorAll('#root input').forEach(input => {
  let known = '';
  Object.defineProperty(input, 'value', {
    configurable: true,
    get() { return setter.get.call(this); },
    set(value) { known = '' + value; setter.set.call(this, value); },
  });
  input.addEventListener('input', event => {
    const typed = setter.get.call(input);
    if (typed === known) return;
    known = typed;
    input.value = typed;
  });
});
document.querySelector('#root form').addEventListener('submit', event => {
  event.preventDefault();
  event.stopImmediatePropagation();
  fetch('/thanks', { method: 'POST', body: JSON.stringify({ sent: true }) })
    .then(() => { document.querySelector('#root').innerHTML = '<p>Thank you</p>'; });
});
</script>"""

SHAPES = (
    shape(
        "React, controlled inputs",
        f"""<div id="root"><form><label for=":r0:">Full name</label><input id=":r0:" value=""><label
        for=":r1:">Email</label>
        <input id=":r1:" type="email" value=""><label for=":r2:">Job title</label><input id=":r2:" value=""><label
        for=":r3:">Phone number</label><input id=":r3:" type="tel" value=""><button
        type="submit">Send</button></form></div>
        {REACT}""",
        lead("full_name", "[id=':r0:']"),
        lead("email", "[id=':r1:']"),
        other("[id=':r2:']"),
        lead("phone", "[id=':r3:']"),
    ),
    shape(
        "React Hook Form, handler on the button",
        """<div id="app"><div class="card"><div><label>First name</label><input
        name="firstName"></div><div><label>Last name
        </label><input name="lastName"></div><div><label>Work email</label><input name="workEmail"
        inputmode="email"></div>
        <div><label>Password</label><input name="pw" type="password"></div><button type="button"
        id="go">Create</button></div>
        </div><script>document.getElementById('go').addEventListener('click', event => { event.stopPropagation();
        fetch('/thanks', {method: 'POST',
        body: '{}'}); document.getElementById('app').textContent = 'Welcome'; })</script>""",
        lead("first_name", "firstName"),
        lead("last_name", "lastName"),
        lead("email", "workEmail"),
        secret("pw"),
        submit="#go",
    ),
    shape(
        "Vue with v-model and validation on blur",
        """<form id="vue"><div data-v-7ba5bd90 class="field"><label data-v-7ba5bd90>Voornaam <input data-v-7ba5bd90
        class="q"></label></div><div class="field"><label>Achternaam <input class="q"></label></div><div class="field">
        <label>E-mailadres <input class="q" type="email"></label></div><p class="error"
        hidden></p><button>Verstuur</button>
        </form><script>const state = {}; document.querySelectorAll('#vue .q').forEach((input, index) => {
        input.addEventListener('input', event => { if (!event.target.composing) state[index] = event.target.value; });
        input.addEventListener('blur', () => { document.querySelector('.error').hidden = !!input.value; }); });
        document.getElementById('vue').addEventListener('submit', event => { event.preventDefault();
        document.querySelectorAll('.q').forEach(input => { input.value = ''; }); }, true)</script>""",
        lead("first_name", ".q >> nth=0"),
        lead("last_name", ".q >> nth=1"),
        lead("email", ".q >> nth=2"),
    ),
    shape(
        "Angular Material, outline",
        """<form novalidate class="ng-untouched ng-pristine ng-invalid"><mat-form-field class="mat-mdc-form-field"><div
        class="mat-mdc-text-field-wrapper mdc-text-field mdc-text-field--outlined"><div
        class="mat-mdc-form-field-flex"><div
        matformfieldnotchedoutline class="mdc-notched-outline"><div class="mdc-notched-outline__notch"><label
        matformfieldfloatinglabel class="mdc-floating-label mat-mdc-floating-label" id="mat-mdc-form-field-label-0"
        for="mat-input-0"><mat-label>First name</mat-label></label></div></div><div
        class="mat-mdc-form-field-infix"><input
        matinput class="mat-mdc-input-element" id="mat-input-0" formcontrolname="given"
        aria-invalid="false"></div></div></div>
        </mat-form-field><mat-form-field><label id="mat-mdc-form-field-label-2"
        for="mat-input-1"><mat-label>Email</mat-label>
        </label><input matinput type="email" id="mat-input-1"></mat-form-field><mat-form-field><label
        for="mat-input-2"><mat-label>Company</mat-label></label><input matinput id="mat-input-2"></mat-form-field>
        <mat-form-field><label for="mat-input-3"><mat-label>Your message</mat-label></label><textarea matinput
        cdktextareaautosize id="mat-input-3"></textarea></mat-form-field><button mat-raised-button type="submit"><span
        class="mdc-button__label">Send</span></button></form>""",
        lead("first_name", "#mat-input-0"),
        lead("email", "#mat-input-1"),
        lead("company", "#mat-input-2"),
        lead("message", "#mat-input-3"),
    ),
    shape(
        "Angular Material, legacy label that is no label",
        """<form novalidate><mat-form-field class="mat-form-field mat-form-field-appearance-legacy"><div
        class="mat-form-field-wrapper"><div class="mat-form-field-flex"><div
        class="mat-form-field-infix"><input matinput
        class="mat-input-element ng-invalid" id="mat-input-7" aria-labelledby="mat-label-7"><span
        class="mat-form-field-label-wrapper"><span class="mat-form-field-label"
        id="mat-label-7"><mat-label>Surname</mat-label>
        <span aria-hidden="true" class="mat-placeholder-required">
        *</span></span></span></div></div></div></mat-form-field>
        <mat-form-field><div class="mat-form-field-infix"><input matinput class="mat-input-element" id="mat-input-8"
        aria-labelledby="mat-label-8"><span class="mat-form-field-label-wrapper"><span id="mat-label-8"><mat-label>Phone
        number</mat-label></span></span></div></mat-form-field><mat-form-field><div class="mat-form-field-infix"><input
        matinput class="mat-input-element" id="mat-input-9" aria-labelledby="mat-label-9"><span
        id="mat-label-9"><mat-label>
        E-mail</mat-label></span></div></mat-form-field><button mat-button type="submit">Save</button></form>""",
        lead("last_name", "#mat-input-7"),
        lead("phone", "#mat-input-8"),
        lead("email", "#mat-input-9"),
    ),
    shape(
        "Material UI",
        """<form class="MuiBox-root css-0"><div class="MuiFormControl-root MuiTextField-root css-i44wyl"><label
        class="MuiFormLabel-root MuiInputLabel-root MuiInputLabel-animated" data-shrink="false" for="outlined-basic"
        id="outlined-basic-label">Name</label><div class="MuiInputBase-root MuiOutlinedInput-root"><input
        aria-invalid="false"
        id="outlined-basic" type="text" class="MuiInputBase-input MuiOutlinedInput-input" value=""><fieldset
        aria-hidden="true" class="MuiOutlinedInput-notchedOutline"><legend class="css-yjsfm1"><span>Name</span></legend>
        </fieldset></div></div><div class="MuiFormControl-root"><label for="m2">Email Address *</label><input id="m2"
        type="text" autocomplete="email" required></div><div class="MuiFormControl-root"><label
        for="m3">Organization</label>
        <input id="m3" type="text"></div><div class="MuiFormControl-root"><label for="m4">Message</label><textarea
        aria-invalid="false" id="m4" class="MuiInputBase-inputMultiline"></textarea><textarea
        aria-hidden="true" readonly
        tabindex="-1"
        style="visibility:hidden;position:absolute;height:0;top:0;left:0">shadow-of-mui</textarea></div><button
        class="MuiButtonBase-root MuiButton-root" tabindex="0" type="submit">Send</button></form>""",
        lead("full_name", "#outlined-basic"),
        lead("email", "#m2"),
        lead("company", "#m3"),
        lead("message", "#m4"),
        traps=["shadow-of-mui"],
    ),
    shape(
        "Ant Design",
        """<form class="ant-form ant-form-horizontal" id="basic" autocomplete="off"><div class="ant-form-item"><div
        class="ant-row ant-form-item-row"><div class="ant-col ant-form-item-label"><label for="basic_fullName"
        class="ant-form-item-required" title="Full Name">Full Name</label></div><div class="ant-col
        ant-form-item-control"><div class="ant-form-item-control-input-content"><input type="text" id="basic_fullName"
        aria-required="true" class="ant-input" value=""></div></div></div></div><div class="ant-form-item"><label
        for="basic_email" title="E-mail">E-mail</label><span class="ant-input-affix-wrapper"><span
        class="ant-input-prefix">@</span><input id="basic_email" class="ant-input" type="text"></span></div><div
        class="ant-form-item"><label for="basic_phone" title="Phone Number">Phone Number</label><span
        class="ant-input-group-wrapper"><span class="ant-input-group-addon">+49</span><input id="basic_phone"
        type="text"
        class="ant-input"></span></div><div class="ant-form-item"><label for="basic_residence"
        title="Residence">Habitual
        Residence</label><input id="basic_residence" class="ant-input" maxlength="100"></div><button type="submit"
        class="ant-btn
        ant-btn-primary"><span>Register</span></button></form>""",
        lead("full_name", "#basic_fullName"),
        lead("email", "#basic_email"),
        lead("phone", "#basic_phone"),
        other("#basic_residence", "Quince Farm in Zq Valley"),
    ),
    shape(
        "Bootstrap floating labels",
        """<form class="row g-3 needs-validation" novalidate><div class="form-floating mb-3"><input type="text"
        class="form-control" id="floatingFirst" placeholder=" "><label for="floatingFirst">Given name</label></div><div
        class="form-floating mb-3"><input type="text" class="form-control" id="floatingLast" placeholder=" "><label
        for="floatingLast">Family name</label></div><div class="form-floating mb-3"><input type="email"
        class="form-control"
        id="floatingInput" placeholder="name@example.com"><label for="floatingInput">Email address</label></div><div
        class="form-floating"><input type="tel" class="form-control" id="floatingTel" placeholder=" "><label
        for="floatingTel">Contact number</label></div><div class="form-floating"><select class="form-select"
        id="floatingSelect"><option selected value="">Open this select menu</option><option value="2">Branch of
        Zq</option></select><label for="floatingSelect">Works with selects</label></div><button class="btn btn-primary"
        type="submit">Submit form</button></form>""",
        lead("first_name", "#floatingFirst"),
        lead("last_name", "#floatingLast"),
        lead("email", "#floatingInput"),
        lead("phone", "#floatingTel"),
        choose("#floatingSelect", "Branch of Zq"),
    ),
    shape(
        "Tailwind, label above and nothing else",
        """<div class="isolate px-6"><form action="#" method="POST" class="mx-auto mt-16"><div
        class="grid gap-x-8"><div><label
        for="first-name" class="block text-sm font-semibold">First name</label><div class="mt-2.5"><input type="text"
        name="first-name" id="first-name" autocomplete="given-name"></div></div><div><label for="last-name">Last
        name</label>
        <input type="text" name="last-name" id="last-name" autocomplete="family-name"></div><div
        class="sm:col-span-2"><label
        for="company">Company</label><input type="text" name="company" id="company"
        autocomplete="organization"></div><div>
        <label for="email">Email</label><input type="email" name="email" id="email"
        autocomplete="email"></div><div><label
        for="phone-number">Phone number</label><div class="relative"><div class="absolute"><select id="country"
        name="country"
        autocomplete="country" aria-label="Country"><option>US</option><option>CA</option></select></div><input
        type="text"
        name="phone-number" id="phone-number" placeholder="123-456-7890"></div></div><div><label
        for="message">Message</label>
        <textarea name="message" id="message" rows="4"></textarea></div></div><button
        type="submit">Let's talk</button></form>
        </div>""",
        lead("first_name", "first-name"),
        lead("last_name", "last-name"),
        lead("company", "company"),
        lead("email", "email"),
        choose("#country", "CA"),
        lead("phone", "phone-number"),
        lead("message", "message"),
    ),
    shape(
        "a page of divs, without any form",
        """<div id="spa"><div class="panel"><div class="row"><div class="lbl">Full name</div><div class="ctl"><input
        class="i1"></div></div><div class="row"><div class="lbl">E-mail</div><div class="ctl"><input
        class="i2"></div></div>
        <div class="row"><div class="lbl">Phone</div><div class="ctl"><input class="i3"></div></div><div
        class="row"><div
        class="lbl">Favourite tree</div><div class="ctl"><input class="i4"></div></div><a href="#" role="button"
        class="send">Request a call</a></div></div><script>document.querySelector('.send').onclick = event => {
        event.preventDefault(); fetch('/thanks', {method: 'POST', body: 'x'}); }</script>""",
        lead("full_name", ".i1"),
        lead("email", ".i2"),
        lead("phone", ".i3"),
        other(".i4"),
        submit=".send",
        submits=False,
    ),
    shape(
        "form of a dialog that opens later",
        """<button id="open" type="button">Contact us</button><dialog id="d"><form method="dialog"><label>Name <input
        name="n"></label><label>E-mail <input name="e" type="email"></label><label>Question <textarea
        name="q"></textarea>
        </label><button value="ok"
        id="ok">Send</button></form></dialog><script>document.getElementById('open').onclick = () =>
        document.getElementById('d').showModal()</script>""",
        press("#open"),
        lead("full_name", "n"),
        lead("email", "e"),
        lead("message", "q"),
        submit="#ok",
    ),
)
