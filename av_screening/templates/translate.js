// What the page says, in its language: English stands here and is the key of the catalogue, which
// comes with the page (av_grading/languages). {places} take values; {n} chooses between forms.
const settings = readJson("settings");
const texts = new Map(Object.entries(settings.texts));
const plural = new Intl.PluralRules(settings.language);

function translate(message, values = {}) {
  const known = texts.get(message) ?? message;
  const text = typeof known === "string" ? known : known[plural.select(values.n)] ?? known.other;
  return text.replace(/\{(\w+)\}/g, (place, name) => String(values[name] ?? place));
}
