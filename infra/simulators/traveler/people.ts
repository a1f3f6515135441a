/** Names of the simulated users: from many languages, any number of different ones, computed from a number. */

const first =
  'Jane Amélie José Łukasz Søren Zoë François Jürgen Noël Siân Åsa Íñigo Chloé Renée Beyza Çağla Nikola Ondřej Aoife Mária Ahmed Fatima Priya Rahul Wei Mei Yuki Haruto Minh Thuý Kwame Chidi Olga Иван Ελένη דנה محمد 伟 さくら 지민 Ana Luca Peter Ingrid Tomás Björn Elif Raúl Katarzyna Oğuz'.split(
    ' ',
  );
const last =
  "Doe García Müller Nowak Sørensen O'Brien Dvořák Lefèvre D'Angelo Smith-Jones Öztürk Nguyễn Tanaka Kim Patel Okafor Haddad Ivanova Петров Παππάς כהן العلي 王 山田 박 Silva Rossi Bianchi Fischer Weiß Hernández Núñez Kowalczyk Szabó Horváth Jensen Bakke Virtanen Kallas Ozols Mensah Dlamini Reddy Singh Chen Wójcik Ångström Šimić Ibrahim Castañeda".split(
    ' ',
  );
const units = ['Sales', 'Engineering', 'Finance', 'R&D', 'Buchhaltung', 'Ventes', 'Legal', 'Field Service', 'HR'];

const odd = [
  (user: string) => user.replace('/', '  /'),
  (user: string) => `${'Wolfeschlegelsteinhausenbergerdorff '.repeat(8).slice(0, 256 - user.length)}${user}`,
  (user: string) => `"${user.replace('/', ', Dr.\\ (ext.)/')}`,
  (user: string) => `${user}/Zürich + Genève/Straße`,
  (user: string) => `👩‍💻 ${user}`,
  (user: string) => `%2F..%00?&#;${user}`,
] as const;

/** Every `number` yields a different user; neighbours share neither first nor last name. */
export function userName(number: number, seed: number): string {
  const pairs = first.length * last.length;
  const within = number % pairs;
  const firstAt = (within + seed) % first.length;
  const lastAt = (Math.floor(within / first.length) + firstAt * 7 + seed * 3) % last.length;
  const initials = letters(Math.floor(number / pairs));
  const unit = units[(number * 5 + seed) % units.length];
  return `${first[firstAt]} ${initials}${last[lastAt]}/${unit}/Acme`;
}

/** A name that tests how names are handled: blanks, slashes, quotes, escapes, 256 characters. */
export function oddUserName(user: string, number: number): string {
  return (odd[number % odd.length] ?? odd[0])(user);
}

/** '' for 0, then `A. `, `B. `, … `A.A. `: distinguishes namesakes. */
function letters(number: number): string {
  let text = '';
  for (let left = number; left > 0; left = Math.floor((left - 1) / 26))
    text = `${String.fromCharCode(65 + ((left - 1) % 26))}.${text}`;
  return text && `${text} `;
}
