"""Forms in several steps, with and without the earlier ones left in the page."""

from tests.browser.matrix.shape import choose, key, lead, other, press, secret, shape, tick

# One question at a time, the DOM replaced by the next; answers are kept by the script.
CONVERSATION = """<div id="root"></div><script>
const questions = %s; const answers = {}; let at = 0;
function ask() {
  const root = document.getElementById('root'); const question = questions[at];
  if (!question) { root.innerHTML = '<h2>Thank you</h2>'; return; }
  root.innerHTML = `<section data-qa="question"><h1 id="q${at}">${question[0]}</h1><input class="answer a${at}"
    type="${question[1]}" placeholder="Type your answer here..." aria-labelledby="q${at}"><button class="ok">OK</button>
    </section>`;
  const input = root.querySelector('input'); input.focus();
  const next = () => { answers[at++] = input.value; ask(); };
  root.querySelector('.ok').onclick = next;
  input.onkeydown = event => { if (event.key === 'Enter') next(); };
}
ask();
</script>"""

TYPEFORM = (
    CONVERSATION
    % """[["What's your first name?", "text"], ["What is your email address?", "email"],
  ["Which company do you work for?", "text"], ["How old is your cat?", "text"]]"""
)

SHAPES = (
    shape(
        "Typeform-like, answered with the button",
        TYPEFORM,
        lead("first_name", ".a0"),
        press(".ok"),
        lead("email", ".a1"),
        press(".ok"),
        lead("company", ".a2"),
        press(".ok"),
        other(".a3", "older than Zq"),
        submit=".ok",
        submits=False,
    ),
    shape(
        "Typeform-like, answered with the keyboard",
        TYPEFORM,
        lead("first_name", ".a0"),
        key(".a0", "Enter"),
        lead("email", ".a1"),
        key(".a1", "Enter"),
        lead("company", ".a2"),
        key(".a2", "Enter"),
        submit=None,
        submits=False,
    ),
    shape(
        "three steps, the others hidden",
        """<form id="steps" onsubmit="return false"><fieldset class="s1"><legend>About you</legend><label>First name
        <input
        name="first"></label><label>Last name <input name="last"></label><button type="button" onclick="to(2)"
        class="n1">Next</button></fieldset><fieldset class="s2"
        style="display:none"><legend>Contact</legend><label>Email
        <input name="mail"></label><label>Phone <input name="tel"></label><button type="button" class="n2"
        onclick="to(3)">Next</button></fieldset><fieldset class="s3" hidden><legend>Request</legend><label>Message
        <textarea
        name="text"></textarea></label><label>Room <input name="room"></label><button
        type="submit">Send</button></fieldset>
        </form><script>function to(n) { document.querySelectorAll('#steps fieldset').forEach(step => {
        step.hidden = !step.classList.contains('s' + n); step.style.display = step.hidden ? 'none'
        : ''; }); }</script>""",
        lead("first_name", "first"),
        lead("last_name", "last"),
        press(".n1"),
        lead("email", "mail"),
        lead("phone", "tel"),
        press(".n2"),
        lead("message", "text"),
        other("room", "Lilac Zq"),
    ),
    shape(
        "wizard with a password that can be shown",
        """<form id="wiz" onsubmit="return false"><div class="p1"><label>Work e-mail <input name="we"></label><button
        type="button" class="n1" onclick="document.querySelector('.p1').style.display='none';
        document.querySelector('.p2').style.display='block'">Continue</button></div>
        <div class="p2" style="display:none">
        <label>Choose one <input name="w2" type="password"></label><button type="button" class="eye"
        onclick="const i = document.querySelector('[name=w2]');
        i.type = i.type === 'text' ? 'password' : 'text'">Show</button>
        <label>Company <input name="w3"></label><button type="submit">Create</button></div></form>""",
        lead("email", "we"),
        press(".n1"),
        press(".eye"),
        secret("w2", "Harbour-lamp-55"),
        lead("company", "w3"),
    ),
    shape(
        "quote funnel of tiles, contact at the end",
        """<div id="funnel"><div class="tiles"><label><input type="radio" name="roof" value="pitched-zq"> Pitched
        roof</label>
        <label><input type="radio" name="roof" value="flat"> Flat roof</label><button type="button"
        class="n1">Weiter</button>
        </div></div><script>document.querySelector('.n1').onclick = () => {
        document.getElementById('funnel').innerHTML =
        `<form onsubmit="return false"><div><input placeholder="Vorname*" name="v"></div><div><input
        placeholder="Nachname*"
        name="n"></div><div><input placeholder="Telefonnummer*" name="t"></div><div><input placeholder="E-Mail*"
        name="e">
        </div><div><input placeholder="PLZ" name="z"></div><button type="submit">Angebot anfordern</button></form>`; }
        </script>""",
        tick("[value=pitched-zq]"),
        press(".n1"),
        lead("first_name", "v"),
        lead("last_name", "n"),
        lead("phone", "t"),
        lead("email", "e"),
        other("z", "Zq-49811"),
    ),
    shape(
        "accordion checkout with an address that opens on a choice",
        """<form onsubmit="return false"><label>Email <input type="email" name="email"></label><label>Delivery <select
        name="how"><option>Pick up</option><option>Bring it</option></select></label><fieldset id="addr"
        disabled><label>Full
        name <input name="fullname"></label><label>Address line 1 <input
        name="line1"></label></fieldset><button>Order</button>
        </form><script>document.querySelector('[name=how]').onchange = event => {
        document.getElementById('addr').disabled = event.target.value !== 'Bring it'; }</script>""",
        lead("email", "email"),
        choose("how", "Bring it"),
        lead("full_name", "fullname"),
        other("line1", "3 Osier Bank Zq"),
    ),
    shape(
        "chat-like quiz that appends questions",
        """<div id="chat"><div class="bubble">Hi! What is your e-mail?</div><form class="f0"><input class="c0"
        placeholder="name@company.com"><button>Send</button></form></div><script>document.addEventListener('submit',
        event => {
        event.preventDefault(); event.target.remove(); document.getElementById('chat').insertAdjacentHTML('beforeend',
        `<div class="bubble">And your phone number?</div><form class="f1"><input class="c1" type="tel"
        placeholder="Phone number"><button>Send</button></form>`); }, {once: true})</script>""",
        lead("email", ".c0"),
        press(".f0 button"),
        lead("phone", ".c1"),
        submit=".f1 button",
        submits=False,
    ),
)
