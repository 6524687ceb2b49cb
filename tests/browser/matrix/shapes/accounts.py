"""Signing in, signing up, and what secures it."""

from tests.browser.matrix.shape import lead, other, press, secret, shape, tick

OTP_BOXES = "".join(
    f'<input class="otp o{n}" type="text" inputmode="numeric" maxlength="1" aria-label="Digit {n} of 6">'
    for n in range(1, 7)
)

SHAPES = (
    shape(
        "login with user name",
        """<form id="login" method="post"><label for="user_login">Username or Email Address</label><input type="text"
        name="log" id="user_login" class="input" autocapitalize="off" autocomplete="username"><label
        for="user_pass">Password
        </label><input type="password" name="pwd" id="user_pass" autocomplete="current-password"><label><input
        name="rememberme" type="checkbox" value="forever"> Remember Me</label><input type="submit" name="wp-submit"
        value="Log In"></form>""",
        other("log", "zq_lamplighter"),
        secret("pwd"),
        tick("rememberme"),
    ),
    shape(
        "login with e-mail, the password shown",
        """<form class="login"><label for="e">Email</label><input id="e" type="email" name="email"
        autocomplete="username">
        <label for="p">Password</label><div class="pw"><input id="p" type="password" name="password"
        autocomplete="current-password"><button type="button" class="eye"
        aria-label="Show password">👁</button></div><button
        type="submit">Sign in</button></form><script>document.querySelector('.eye').onclick = () => {
        const input = document.getElementById('p'); input.setAttribute('type', 'text'); }</script>""",
        lead("email", "email"),
        press(".eye"),
        secret("#p"),
    ),
    shape(
        "login whose password is replaced by a plain input to show it",
        """<form><input name="email" type="email" placeholder="E-mail"><span class="slot"><input name="secret_word"
        type="password" class="real"></span><button type="button" class="eye">Show</button><button type="submit">Sign in
        </button></form><script>document.querySelector('.eye').onclick = () => { const old =
        document.querySelector('.real');
        const plain = document.createElement('input'); plain.className = 'plain'; plain.name = 'x1';
        plain.value = old.value;
        document.querySelector('.slot').append(plain); old.style.display = 'none'; }</script>""",
        lead("email", "email"),
        secret(".real", "Pebble-Quartz-31"),
        press(".eye"),
        secret(".plain", "Pebble-Quartz-31"),
    ),
    shape(
        "sign-up with repeated password",
        """<form autocomplete="off"><input name="fullName" placeholder="Full name"><input name="emailAddress"
        placeholder="Email"><input name="userName" placeholder="Choose a username"><input name="pw1" type="password"
        placeholder="Password (8 or more characters)"><input name="pw2" type="password"
        placeholder="Repeat password"><input
        name="hint" placeholder="Password hint"><button type="submit">Create account</button></form>""",
        lead("full_name", "fullName"),
        lead("email", "emailAddress"),
        other("userName", "zq_wickmaker"),
        secret("pw1", "Thistle-Moth-64"),
        secret("pw2", "Thistle-Moth-64"),
        secret("hint", "the weed and the flutterer"),
    ),
    shape(
        "password change",
        """<form><label>Current password <input type="password" name="a"
        autocomplete="current-password"></label><label>New
        password <input type="password" name="b" autocomplete="new-password"></label><label>Repeat it <input type="text"
        style="-webkit-text-security:disc" name="c" autocomplete="new-password"></label><button>Save</button></form>""",
        secret("a"),
        secret("b", "Copper-Finch-19"),
        secret("c", "Copper-Finch-19"),
    ),
    shape(
        "one-time code in one input",
        """<form><p>We have sent a code to your phone.</p><label for="code">6-digit code</label><input id="code"
        name="code"
        inputmode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}" maxlength="6"><label>E-mail <input
        name="email">
        </label><button type="submit">Verify</button></form>""",
        secret("code", "804271"),
        lead("email", "email"),
    ),
    shape(
        "verification code by its label",
        """<form><label>Verification code<input name="vc"></label><label>SMS code <input
        name="s2"></label><label>Access code
        <input name="s3"></label><label>E-mail <input name="mail"></label><button>Go</button></form>""",
        secret("vc", "kf7-zq2-902"),
        secret("s2", "559013"),
        secret("s3", "ZQ-77-OPEN"),
        lead("email", "mail"),
    ),
    shape(
        "one-time code in six boxes",
        f"""<form onsubmit="return false"><fieldset><legend>Enter your verification code</legend>{OTP_BOXES}</fieldset>
        <label>E-mail <input name="email"></label><button type="submit">Verify</button></form>""",
        *(secret(f".o{n}", digit) for n, digit in enumerate("739264", start=1)),
        lead("email", "email"),
    ),
    shape(
        "PIN pad",
        """<form><label>Customer e-mail <input name="cust_mail"></label><label>Choose a PIN <input name="k1"
        inputmode="numeric" maxlength="4"></label><label>Repeat PIN <input name="k2" inputmode="numeric"
        maxlength="4"></label>
        <label>Shipping notes <input name="ship"></label><button>Set</button></form>""",
        lead("email", "cust_mail"),
        secret("k1", "5093"),
        secret("k2", "5093"),
        other("ship", "leave it with the heron Zq"),
    ),
    shape(
        "security question",
        """<form><label>E-mail <input name="email"></label><label>Security question <select name="sq"><option>Name of
        your
        first pet?</option></select></label><label>Answer <input name="sq_answer"></label><label>Mother's maiden
        name <input
        name="mmn"></label><button>Save</button></form>""",
        lead("email", "email"),
        secret("sq_answer", "Brindlewick the goose"),
        secret("mmn"),
    ),
    shape(
        "API token settings",
        """<form><label>Notification e-mail <input name="notify"></label><label>Access token <input
        name="tok"></label><label>
        Client secret <input name="cs"></label><label>API key <input
        name="apiKey"></label><button>Save</button></form>""",
        lead("email", "notify"),
        secret("tok", "zqt_9f8e7d6c5b4a"),
        secret("cs", "cs-77-zq-hush-hush"),
        secret("input[name=apiKey]", "ak-zq-0192837465"),
    ),
    shape(
        "sign-in in German",
        """<form><label for="b">Benutzername</label><input id="b" name="benutzername"><label
        for="k">Kennwort</label><input
        id="k" name="kennwort" type="text"><label for="m">E-Mail-Adresse</label><input id="m" name="m"><label
        for="s">Sicherheitsfrage: Mädchenname der Mutter</label><input id="s"
        name="s"><button>Anmelden</button></form>""",
        other("benutzername", "zq_laternenmacher"),
        secret("kennwort"),
        lead("email", "#m"),
        secret("#s"),
    ),
)
