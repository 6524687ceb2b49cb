"""Cards, accounts, tax and identity numbers. The numbers are those that issuers publish for tests."""

from tests.browser.matrix.shape import choose, lead, other, secret, shape, withheld

SHAPES = (
    shape(
        "card checkout by autocomplete",
        """<form><input placeholder="E-mail" name="email" autocomplete="email"><input autocomplete="cc-name" name="h"
        placeholder="Name on card"><input autocomplete="cc-number" name="n" inputmode="numeric"><input
        autocomplete="cc-exp"
        name="x" placeholder="MM/YY"><input autocomplete="cc-csc" name="c"><button>Pay</button></form>""",
        lead("email", "email"),
        secret("h", "O Farrenwick-Zqule"),
        secret("[name=n]", "4242 4242 4242 4242"),
        secret("x", "09/38"),
        secret("c", "7361"),
    ),
    shape(
        "card by labels alone",
        """<form><label>E-mail <input name="f1"></label><label>Card number <input name="f2"></label><label>Expiry date
        <input
        name="f3"></label><label>Security code <input name="f4"></label><label>Name on card <input
        name="f5"></label><button>
        Pay</button></form>""",
        lead("email", "f1"),
        secret("f2", "5105 1051 0510 5100"),
        withheld("f3", "08/36"),
        secret("f4", "6402"),
        withheld("f5", "T Ostrandel-Zqui"),
    ),
    shape(
        "card number split in four",
        """<form><label>E-mail <input name="mail"></label><fieldset><legend>Credit card number</legend><input
        name="cardNumber1" maxlength="4" size="4"><input name="cardNumber2" maxlength="4" size="4"><input
        name="cardNumber3"
        maxlength="4" size="4"><input name="cardNumber4" maxlength="4" size="4"></fieldset><label>CVV <input
        name="cvv2">
        </label><button>Pay</button></form>""",
        lead("email", "mail"),
        secret("cardNumber1", "6011"),
        secret("cardNumber2", "0009"),
        secret("cardNumber3", "9013"),
        secret("cardNumber4", "9424"),
        secret("cvv2", "8350"),
    ),
    shape(
        "card typed where it does not belong",
        """<form><label>E-mail <input name="mail"></label><label>Message <textarea
        name="msg"></textarea></label><label>Phone
        <input name="phone"></label><button>Send</button></form>""",
        lead("email", "mail"),
        secret("msg", "please charge my card 3782 822463 10005 as agreed"),
        secret("phone", "4012888888881881"),
        traps=["378282246310005"],
    ),
    shape(
        "field named cvc, label without words",
        """<form><input name="email" placeholder="you@example.com"><input name="cardnumber" placeholder="1234 1234
        1234 1234">
        <input name="exp-date" placeholder="MM / YY"><input name="cvc" placeholder="123"><input name="postal"
        placeholder="ZIP"><button>Pay</button></form>""",
        lead("email", "email"),
        secret("cardnumber", "6200 0000 0000 0005"),
        withheld("exp-date", "10/39"),
        secret("cvc", "9472"),
        other("postal", "ZQ4 4PL"),
    ),
    shape(
        "bank details for a direct debit",
        """<form><label>Kontoinhaber <input name="inhaber"></label><label>IBAN <input name="iban" placeholder="DE00
        0000 0000
        0000 0000 00"></label><label>BIC <input name="bic"></label>
        <label>E-Mail <input name="email"></label><button>Einzug
        erlauben</button></form>""",
        withheld("inhaber", "Gunhild Querfurt-Zq"),
        secret("iban", "DE89 3704 0044 0532 0130 00"),
        withheld("bic", "COBADEFFXXX"),
        lead("email", "email"),
    ),
    shape(
        "IBAN in a plain field",
        """<form><label>Verwendungszweck <input name="zweck"></label><label>Vorname <input
        name="vn"></label><label>Nachname
        <input name="nn"></label><button>Senden</button></form>""",
        secret("zweck", "GB82 WEST 1234 5698 7654 32"),
        lead("first_name", "vn"),
        lead("last_name", "nn"),
    ),
    shape(
        "social security number",
        """<form><label>Legal first name <input name="lfn"></label><label>Legal last name <input
        name="lln"></label><label>SSN
        <input name="ssn" placeholder="___-__-____"></label><label>Last 4 digits of your social security number <input
        name="l4"></label><label>Date of birth <input name="dob" type="date"></label><button>Apply</button></form>""",
        lead("first_name", "lfn"),
        lead("last_name", "lln"),
        secret("ssn", "536-22-8104"),
        secret("l4", "8104"),
        other("dob", "1961-07-13"),
    ),
    shape(
        "identity numbers of Europe",
        """<form><label>Steuer-ID <input name="t1"></label><label>Numero de DNI <input name="t2"></label><label>Codice
        fiscale
        <input name="t3"></label><label>PESEL <input name="t4"></label><label>BSN <input name="t5"></label><label>E-mail
        <input name="mail"></label><button>Go</button></form>""",
        secret("t1", "65929970489"),
        secret("t2", "54362315K"),
        secret("t3", "RSSMRA85T10A562S"),
        secret("t4", "44051401359"),
        secret("t5", "111222333"),
        lead("email", "mail"),
    ),
    shape(
        "passport and tax number of an application",
        """<form><label for="p1">Passport number</label><input id="p1" name="passport_no"><label for="p2">Tax
        ID</label><input
        id="p2" name="tax_id"><label for="p3">National insurance number</label><input id="p3" name="nino"><label
        for="p4">E-mail</label><input id="p4" name="p4"><label for="p5">Nationality</label><input id="p5"
        name="p5"><button>
        Send</button></form>""",
        secret("passport_no", "C01X00T47"),
        secret("tax_id", "93-7760123"),
        secret("nino", "QQ123456C"),
        lead("email", "p4"),
        other("p5", "Zqvarian"),
    ),
    shape(
        "donation with amounts",
        """<form><label><input type="radio" name="amount" value="25"> 25</label><label>Other amount <input
        name="amount_other" inputmode="decimal"></label><label>Donor name <input
        name="donor_name"></label><label>Donor e-mail
        <input name="donor_email"></label><label>Account number <input name="account_number"></label><label>Routing
        number
        <input name="routing_number"></label><button>Give</button></form>""",
        other("amount_other", "73119.50"),
        lead("email", "donor_email"),
        secret("account_number", "000123456789"),
        secret("routing_number", "110000000"),
    ),
    shape(
        "insurance quote",
        """<form><label>First name <input name="q_fn"></label><label>Surname <input name="q_sn"></label><label>Date of
        birth
        <input name="q_dob" placeholder="DD/MM/YYYY"></label><label>Registration plate <input
        name="q_plate"></label><label>
        Phone model <input name="q_model"></label><label>Cover <select name="q_cover"><option
        value="">?</option><option>Only
        fire zq</option></select></label><label>Mobile number <input
        name="q_mob"></label><button>Quote</button></form>""",
        lead("first_name", "q_fn"),
        lead("last_name", "q_sn"),
        other("q_dob", "23/11/1974"),
        other("q_plate", "ZQ51 LMN"),
        other("q_model", "Quartz Nine Zq"),
        choose("q_cover", "Only fire zq"),
        lead("phone", "q_mob"),
    ),
)
