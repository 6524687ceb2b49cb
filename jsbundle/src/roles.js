/*
 * What is said of a field, as words() gives it, promises a role; the first that fits wins. Stems of English, German, French,
 * Spanish, Portuguese, Italian, Dutch and Polish.
 */
const WORDS = {
  email: /mail|correo/,
  phone: /phone|mobi|tel.f|cel+ul|m.v[ei]l| tel |handy/,
  message: /messag|mensa[jg]|comment|nachr|beric|wiadom|nquir|your quest/,
  company: /compan|organi[sz]a|employer|business|entrepr|empresa|aziend|bedrij| firm|soci.t|unterneh/,
  first_name: /(first|given|fore| f) ?name|name first|vorn|pr.nom|voorn| imi|\| first \|/,
  last_name: /(last|sur|nach| l) ?name|name last|famil|sobren|apell?id|cogn|achtern|nazwis|\| last \|/,
  // Nothing else but a name; one or the other beside its fellow, see fields.js.
  name: /\| ((full|your|ihr|votre|uw|contact|enter|form) )*(name|nom|nome|nombre|naam)( complet[eo]?)? \|/,
  secret:
    /pass(?!en|i|port)|contrase|kennw|wachtw|( |it)card(?!i)|social ?(se|in)|securit|(verif|confirm|activ|auth|access|time)\w* code|maiden| (pwd|pin|token|otp|ssn|sin|cvv|cvc|cc(?! (giv|fam))|iban|secret|account n\w+) |\| answer \|/,
};

// Beside these words it would be something else.
const NOT = {
  phone: /zip|post|member|birth|date|fax/,
  message: /subject|captcha| id /,
  company: /[ynrs] (si[zt]|t[yi]|url|web|ein|vat|id|n[ou]|ph|ad|ind)/,
  name: /user|log ?[io]n|sign in|nick|member/,
};

const ROLES = Object.keys(WORDS);

export const says = (text, what) => WORDS[what].test(text);

const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const NUMBER = /^(?=(\D*\d){7})[+(\d][\d\s()./ext-]+$/;

/** The role that the page author's words on a field promise, and that its value, if any, does not belie. */
export const roleOf = (text, value) =>
  // An address is what it is or nothing.
  ADDRESS.test(value)
    ? says(text, 'email') && 'email'
    : / (and|und|et?|y|i|en) /.test(text) && (says(text, 'first_name') || says(text, 'last_name'))
      ? 'name'
      : ROLES.find(
          role => says(text, role) && !NOT[role]?.test(text) && !(value && (role === 'email' || (role === 'phone' && !NUMBER.test(value)))),
        );
