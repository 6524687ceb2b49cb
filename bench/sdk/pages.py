"""The pages that are measured, each with and without the SDK."""

from __future__ import annotations

INPUTS = 1000
LARGE = "/large"
SMALL = "/small"

# The page's own part in what is measured: it stays where it is when its form is submitted, and says how long that took.
_SCRIPT = """<script>
  const form = document.forms[0];
  form.addEventListener('submit', (event) => event.preventDefault());
  const longTasks = [];
  new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ type: 'longtask' });
  const fill = () => [...form.querySelectorAll('input')].forEach((input, index) => {
    input.value = input.name === 'email' ? 'ann@example.com' : 'value ' + index });
  const submit = () => { const before = performance.now(); form.requestSubmit(); return performance.now() - before };
</script>"""


def large() -> str:
    """One form with 1,000 labelled inputs, 50 to a section, as in a survey; one asks for the e-mail."""
    sections = "".join(
        f"<fieldset><legend>Section {start // 50}</legend>{''.join(map(_row, range(start, start + 50)))}</fieldset>"
        for start in range(0, INPUTS, 50)
    )
    return f'<form id="large">{sections}<button>Send</button></form>{_SCRIPT}'


def _row(number: int) -> str:
    name, label, kind = ("email", "Your e-mail", "email") if number == 500 else (f"q{number}", f"Item {number}", "text")
    field = f'<input id="f{number}" name="{name}" type="{kind}" placeholder="Quantity {number}">'
    return f'<div class="row"><label for="f{number}">{label}</label> {field}</div>'


def small() -> str:
    """An ordinary contact form among ordinary text."""
    labels = {"first": "First name", "last": "Last name", "email": "E-mail", "tel": "Phone", "company": "Company"}
    fields = "".join(f'<p><label>{label} <input name="{name}"></label></p>' for name, label in labels.items())
    message = '<p><label>Message <textarea name="message"></textarea></label></p>'
    return f'{"<p>Some text.</p>" * 200}<form id="contact">{fields}{message}<button>Send</button></form>{_SCRIPT}'
