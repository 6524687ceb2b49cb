"""What no lead form is, or not all of it: honeypots, searches, chats, files, and what the page's author keeps out."""

from tests.browser.matrix.shape import attach, lead, other, press, secret, shape

SHAPES = (
    shape(
        "honeypots of every kind",
        """<form><label>E-mail <input name="email"></label><div style="position:absolute;left:-9999px"><label>Phone
        <input
        name="phone" tabindex="-1" autocomplete="off" value="+1 202 555 0188"></label></div><input name="company"
        style="display:none" value="Trap Display Ltd"><input name="fullname" style="visibility:hidden"
        value="Trapella Visible">
        <div style="height:0;overflow:hidden"><input name="first_name" value="Trapheight" tabindex="-1"></div><input
        name="last_name" style="opacity:0;position:absolute;top:0;right:0" tabindex="-1" value="Trapopaque"><textarea
        name="message" hidden>
        Trap in a textarea</textarea><div hidden><input type="email" name="email_2"
        value="trap2@hidden.example"></div><input
        aria-hidden="true" tabindex="-1" name="website"
        style="width:1px;height:1px;border:0;padding:0" value="trap-pixel">
        <button>Send</button></form>""",
        lead("email", "email"),
        traps=[
            "+1 202 555 0188",
            "Trap Display Ltd",
            "Trapella Visible",
            "Trapheight",
            "Trapopaque",
            "Trap in a textarea",
            "trap2@hidden.example",
            "trap-pixel",
        ],
    ),
    shape(
        "honeypot hidden by a style sheet",
        """<style>.hp-xq { position: absolute !important; top: -4000px; } .clip-xq { clip-path: inset(100%); position:
        absolute;
        } .zero-xq { transform: scale(0); }</style><form><p class="hp-xq"><label>Email<input name="mail_hp"
        tabindex="-1"
        value="trap3@style.example"></label></p><p class="clip-xq"><label>Name<input name="name_hp" tabindex="-1"
        value="Trapclip Zq"></label></p><p class="zero-xq"><label>Telephone <input name="tel_hp" tabindex="-1"
        value="020 7946 0999"></label></p><label>Email <input type="email"
        name="mail"></label><button>Send</button></form>""",
        lead("email", "mail"),
        traps=["trap3@style.example", "Trapclip Zq", "020 7946 0999"],
    ),
    shape(
        "disabled until a choice is made",
        """<form><label>E-mail <input name="email"></label><label>Company <input name="company" value="Disabled
        Works Ltd"
        disabled></label><fieldset disabled><label>Phone <input name="phone" value="+1 202 555 0147"></label></fieldset>
        <button>Send</button></form>""",
        lead("email", "email"),
        traps=["Disabled Works Ltd", "+1 202 555 0147"],
    ),
    shape(
        "file upload of an application",
        """<form enctype="multipart/form-data"><label>Name <input name="applicant"></label><label>E-mail <input
        name="email">
        </label><label>Curriculum vitae <input type="file" name="cv"></label><label>Reference number <input
        name="reference"></label><button>Apply</button></form>""",
        lead("full_name", "applicant"),
        lead("email", "email"),
        attach("cv", "life-of-zq-orrin.pdf"),
        other("reference", "REF-ZQ-2231"),
    ),
    shape(
        "search beside a newsletter",
        """<form role="search" action="/search" class="srch"><label for="q">Search</label><input type="search" id="q"
        name="q">
        <button type="submit" class="find">Find</button></form><footer><form class="news"><label
        for="nl">Newsletter</label>
        <input id="nl" type="email" name="nl_email" placeholder="Your e-mail address"><button type="submit"
        class="join">Join
        </button></form></footer>""",
        other("q", "wrought iron lanterns zq"),
        press(".find"),
        lead("email", "nl_email"),
        submit=".join",
        submits=False,
    ),
    shape(
        "chat widget",
        """<div class="chat-widget" role="dialog" aria-label="Chat"><div class="log">Hello!</div><input class="who"
        type="email"
        placeholder="Leave your e-mail"><textarea class="say" placeholder="Type a message..."></textarea><button
        type="button" class="snd"
        aria-label="Send message">➤</button></div><script>document.querySelector('.snd').onclick =
        () => { document.querySelector('.log').append(document.querySelector('.say').value); }</script>""",
        lead("email", ".who"),
        lead("message", ".say"),
        submit=".snd",
        submits=False,
    ),
    shape(
        "contenteditable beside a form",
        """<form><label>E-mail <input name="email"></label><div class="ed" contenteditable="true" role="textbox"
        aria-label="Message" style="border:1px solid;min-height:3em"></div><button>Send</button></form>""",
        lead("email", "email"),
        secret(".ed", "private words in an editor of Zq"),
    ),
    shape(
        "kept out by the page's author",
        """<form><label>E-mail <input name="email"></label><div data-tracker-ignore><label>Phone <input
        name="phone"></label>
        <p><label>Company <input name="company"></label></p></div><section data-tracker-redact><label>Message <textarea
        name="message"></textarea></label></section><label>Name <input name="name"
        data-tracker-ignore></label><button>Send
        </button></form>""",
        lead("email", "email"),
        secret("phone", "+44 20 7946 0301"),
        secret("company", "Ignored Zq Works"),
        secret("message", "redacted thoughts of Zq"),
        secret("name", "Ignora Zqueley"),
    ),
    shape(
        "travel search with dates and passengers",
        """<form><label>From <input name="from"></label><label>To <input name="to"></label><label>Depart <input
        type="date"
        name="depart"></label><label>Hotel name <input name="hotel_name"></label><label>Promo code <input name="promo">
        </label><label>Contact phone <input name="contact_phone"></label><button>Search</button></form>""",
        other("from", "Zqarrow Quay"),
        other("to", "Zqimble Head"),
        other("depart", "2031-02-27"),
        other("hotel_name", "Grand Zq Palace"),
        other("promo", "ZQHALF"),
        lead("phone", "contact_phone"),
    ),
    shape(
        "survey with scales and free text",
        """<form><p>How likely are you to recommend us?</p><input type="range" min="0" max="10" name="nps"><label>What
        should
        we name our next product? <input name="product_idea"></label><label>Message ID (from our mail) <input
        name="message_id"></label><label>E-mail, if we may ask back <input
        name="back"></label><button>Send</button></form>""",
        other("product_idea", "Lantern that hums, Zq"),
        other("message_id", "mid-zq-00771"),
        lead("email", "back"),
    ),
    shape(
        "filled in by the browser, seen by no key",
        """<form id="auto"><label>Name <input name="name" autocomplete="name"
        value="Prefilla Zqanner"></label><label>E-mail
        <input name="email" autocomplete="email"></label><button type="submit">Send</button></form>""",
        lead("email", "email"),
        lead("full_name", "name", "Prefilla Zqanner"),
    ),
    shape(
        "invite others by their addresses",
        """<form><label>Your e-mail <input name="own"></label><label>Your friend's e-mail <input name="friend_email"
        type="email">
        </label><label>Middle name <input name="middle_name"></label><label>Nickname <input
        name="nickname"></label><button>
        Invite</button></form>""",
        lead("email", "own"),
        other("middle_name", "Ottoline-Zq"),
        other("nickname", "zqotter"),
    ),
)
