"""Forms in iframes of the same origin, and the ways in which a script submits."""

from tests.browser.matrix.shape import lead, other, press, secret, shape

QUIET = "<script>document.addEventListener('submit', event => event.preventDefault())</script>"

SHAPES = (
    shape(
        "iframe of the same site",
        '<h1>Offer</h1><iframe id="frame" src="/frame-offer" width="600" height="400"></iframe>',
        lead("full_name", "#frame >>> [name=name]"),
        lead("email", "#frame >>> [name=email]"),
        other("#frame >>> [name=wish]"),
        secret("#frame >>> [name=pass]"),
        submit="#frame >>> button",
        frames={
            "/frame-offer": f"""<form id="framed"><label>Name <input name="name"></label><label>E-mail <input
        name="email">
            </label><label>Wish <input name="wish"></label><input type="password"
        name="pass"><button>Send</button></form>
            {QUIET}"""
        },
    ),
    shape(
        "iframe with its page in srcdoc",
        """<iframe id="doc" width="600" height="300" srcdoc="<form onsubmit='return false'><label>First name <input
        name='fn'></label><label>Email <input type='email' name='em'></label><button>Go</button></form>"></iframe>""",
        lead("first_name", "#doc >>> [name=fn]"),
        lead("email", "#doc >>> [name=em]"),
        submit="#doc >>> button",
    ),
    shape(
        "iframe that a script writes into, later",
        """<button id="later" type="button">Show the form</button><div id="place"></div><script>
        document.getElementById('later').onclick = () => {
        const frame = document.createElement('iframe'); frame.id = 'late';
        document.getElementById('place').append(frame); const inner = frame.contentDocument; inner.open();
        inner.write('<form onsubmit="return false"><label>Phone <input name="p"></label>' +
        '<label>E-mail <input name="e"></label><button>Go</button></form>'); inner.close(); }</script>""",
        press("#later"),
        lead("phone", "#late >>> [name=p]"),
        lead("email", "#late >>> [name=e]"),
        submit="#late >>> button",
    ),
    shape(
        "submitted by form.submit() from a link",
        """<form id="old" method="post" action="/thanks"><table><tr><td>Name</td><td><input
        name="name"></td></tr><tr><td>
        E-mail</td><td><input name="email"></td></tr><tr><td>Remarks</td><td><input
        name="remarks_internal"></td></tr></table>
        </form><a href="javascript:document.getElementById('old').submit()" class="go">Send</a>""",
        lead("full_name", "name"),
        lead("email", "email"),
        submit=".go",
        navigates=True,
    ),
    shape(
        "submitted by requestSubmit from outside",
        """<form id="rs" onsubmit="return false"><input name="company" placeholder="Company"><input name="email"
        placeholder="E-mail"></form><div class="footer"><span id="send" role="button">Send</span></div><script>
        document.getElementById('send').onclick = () => document.getElementById('rs').requestSubmit()</script>""",
        lead("company", "company"),
        lead("email", "email"),
        submit="#send",
    ),
    shape(
        "posted by the browser, which leaves at once",
        """<form method="post" action="/thanks"><label for="n">Name</label><input id="n" name="n"><label
        for="e">Email</label>
        <input id="e" name="e" type="email"><label for="m">Message</label><textarea id="m" name="m"></textarea><input
        type="submit" value="Send"></form>""",
        lead("full_name", "#n"),
        lead("email", "#e"),
        lead("message", "#m"),
        navigates=True,
    ),
    shape(
        "sent with GET, its values in the next address",
        """<form method="get" action="/welcome"><input name="email" type="email" placeholder="Your e-mail"><input
        name="password" type="password" placeholder="Password"><button>Start</button></form>""",
        lead("email", "email"),
        secret("password"),
        navigates=True,
        landing={"/welcome": "<p>Welcome</p>"},
    ),
    shape(
        "checked by a captcha first, submitted some time after",
        """<form id="cap" method="post" action="/thanks"><label>E-mail <input name="email"></label><label>Message
        <textarea
        name="msg"></textarea></label><button>Send</button></form><script>document.getElementById('cap').onsubmit =
        event => {
        event.preventDefault(); setTimeout(() => event.target.submit(), 30); }</script>""",
        lead("email", "email"),
        lead("message", "msg"),
        navigates=True,
    ),
    shape(
        "newsletter popup that removes itself on submission",
        """<div id="pop" style="position:fixed;inset:20%"><form><input type="email" aria-label="Email address"
        class="nl">
        <button
        type="submit">Join</button></form></div><script>document.querySelector('#pop form').addEventListener('submit',
        event => { event.preventDefault(); document.getElementById('pop').remove(); })</script>""",
        lead("email", ".nl"),
    ),
    shape(
        "form whose inputs are called like its properties",
        """<form id="clash" onsubmit="return false"><input type="hidden" name="id" value="77cl4sh"><input name="action"
        placeholder="What shall we do?"><input name="name" placeholder="Full name"><input name="elements"
        placeholder="E-mail">
        <input name="method" placeholder="How?"><button name="submit">Go</button></form>""",
        lead("full_name", "input[name=name]"),
        lead("email", "input[name=elements]"),
        other("input[name=action]"),
        other("input[name=method]"),
        traps=["77cl4sh"],
    ),
)
