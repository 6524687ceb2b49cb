export const STYLES = `
:host { all: initial; }
aside {
  position: fixed; inset: auto 1rem 1rem auto; z-index: 2147483647;
  width: min(26rem, calc(100vw - 2rem)); max-height: min(34rem, calc(100vh - 2rem)); overflow: auto;
  box-sizing: border-box; padding: 0.75rem 1rem;
  font: 14px/1.45 system-ui, sans-serif; color: #1b1f24; background: #fff;
  border: 1px solid #6b7280; border-radius: 0.5rem; box-shadow: 0 6px 24px rgb(0 0 0 / 25%);
}
header { display: flex; gap: 0.5rem; align-items: center; }
h2 { flex: 1; margin: 0; font-size: 1rem; }
h3 { margin: 0.75rem 0 0.25rem; font-size: 0.875rem; }
button {
  font: inherit; color: inherit; background: #f3f4f6; border: 1px solid #6b7280; border-radius: 0.25rem;
  min-height: 1.75rem; padding: 0 0.6rem; cursor: pointer;
}
:focus-visible { outline: 2px solid #1d4ed8; outline-offset: 2px; }
table { width: 100%; border-collapse: collapse; margin-bottom: 0.5rem; }
caption { text-align: left; font-weight: 600; }
th, td { text-align: left; padding: 0.15rem 0.5rem 0.15rem 0; border-bottom: 1px solid #d1d5db; overflow-wrap: anywhere; }
tbody th { font-weight: 400; }
.list { margin: 0; padding: 0; }
ol { list-style: none; }
li { border-bottom: 1px solid #d1d5db; padding: 0.15rem 0; }
.list:not(:empty) + .empty { display: none; }
p { margin: 0.15rem 0; }
summary { cursor: pointer; }
code, pre { font: 13px/1.4 ui-monospace, monospace; }
pre { margin: 0.25rem 0; padding: 0.5rem; background: #f3f4f6; overflow: auto; max-height: 14rem; }
[data-outcome=sent] .outcome, [data-state=sent] .state { color: #14532d; }
[data-outcome=redacted] .outcome, [data-state=failed] .state { color: #7f1d1d; }
[data-outcome=dropped] .outcome, [data-outcome=ignored] .outcome, [data-state=made] .state { color: #4b5563; }
@media (prefers-color-scheme: dark) {
  aside { color: #f3f4f6; background: #111827; }
  button, pre { background: #1f2937; }
  :focus-visible { outline-color: #93c5fd; }
  [data-outcome=sent] .outcome, [data-state=sent] .state { color: #86efac; }
  [data-outcome=redacted] .outcome, [data-state=failed] .state { color: #fca5a5; }
  [data-outcome=dropped] .outcome, [data-outcome=ignored] .outcome, [data-state=made] .state { color: #d1d5db; }
}
`;
