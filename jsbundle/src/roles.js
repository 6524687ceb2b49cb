// English, German, French, Spanish, Portuguese, Italian, Dutch, Polish; without accents, see words.js.
// The first that fits wins: "company e-mail" is an e-mail, "company name" a company, a bare "name" comes last.
// Third, the words beside which it would be something else; fourth, what a value looks like at least: a label may
// well say "reply by e-mail" on a message, or "e-mail or user name".
const RULES = [
  ['email', /e ?mail|correo|courriel| mail /, /^$/, /^\S+@\S+\.\S+$/],
  ['phone', /phone|mobil|telef|celular| (tel|cell|handy|movil) /, / (zip|postal|member|account) /, /^[+(\d][\d\s()./ext-]{6,24}$/i],
  ['first_name', /(first|given|fore) ?name|vorname|prenom|voornaam| (f ?name|imie) /],
  ['last_name', /(last|sur|family|familien|nach) ?name|apellido|cognome|sobrenome|achternaam|nazwisko| l ?name /],
  ['message', /messag|[ck]omm?ent|mensa[jg]e|nachricht|bericht|opmerking|wiadomosc|nquiry|anfrage/],
  ['company', /company|organi[sz]a|employer|unternehmen|entreprise|empresa|azienda|bedrijf| (firma|societe) /, / (title|size|site) /],
  ['full_name', /(full|your) ?name| (name|nom|nome|nombre|naam) /, /user|usuario|utente|utilis|login|nick|middle|additional|card|account|file|street|product/],
];

/** The role that the page author's words on a field promise and its value does not belie. */
export const roleOf = (text, value) =>
  (RULES.find(([, pattern, never = /^$/, shape = /./]) => pattern.test(text) && !never.test(text) && shape.test(value)) || [''])[0];
