/** Python's `strftime` in the C locale, of one fixed moment. */

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);

/** UTC: the same text wherever it is run. */
export function strftime(moment: Date, format: string): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const [year, month, date] = [moment.getUTCFullYear(), moment.getUTCMonth(), moment.getUTCDate()];
  const [hour, minute, second] = [moment.getUTCHours(), moment.getUTCMinutes(), moment.getUTCSeconds()];
  const day = moment.getUTCDay();
  const dayOfYear = Math.floor((Date.UTC(year, month, date) - Date.UTC(year, 0, 1)) / 86_400_000);
  const [short, long] = [DAYS[day]!.slice(0, 3), MONTHS[month]!.slice(0, 3)];
  const hour12 = hour % 12 || 12;
  const time = `${two(hour)}:${two(minute)}:${two(second)}`;
  const iso = isoWeek(moment);
  const values: Record<string, string> = {
    a: short,
    A: DAYS[day]!,
    b: long,
    h: long,
    B: MONTHS[month]!,
    c: `${short} ${long} ${String(date).padStart(2)} ${time} ${year}`,
    C: two(Math.floor(year / 100)),
    d: two(date),
    D: `${two(month + 1)}/${two(date)}/${two(year % 100)}`,
    e: String(date).padStart(2),
    f: String(moment.getUTCMilliseconds() * 1000).padStart(6, '0'),
    F: `${year}-${two(month + 1)}-${two(date)}`,
    g: two(iso.year % 100),
    G: String(iso.year),
    H: two(hour),
    I: two(hour12),
    j: String(dayOfYear + 1).padStart(3, '0'),
    k: String(hour).padStart(2),
    l: String(hour12).padStart(2),
    m: two(month + 1),
    M: two(minute),
    n: '\n',
    p: hour < 12 ? 'AM' : 'PM',
    P: hour < 12 ? 'am' : 'pm',
    r: `${two(hour12)}:${two(minute)}:${two(second)} ${hour < 12 ? 'AM' : 'PM'}`,
    R: `${two(hour)}:${two(minute)}`,
    s: String(Math.floor(moment.getTime() / 1000)),
    S: two(second),
    t: '\t',
    T: time,
    u: String(day || 7),
    U: two(Math.floor((dayOfYear + 7 - day) / 7)),
    V: two(iso.week),
    w: String(day),
    W: two(Math.floor((dayOfYear + 7 - ((day + 6) % 7)) / 7)),
    x: `${two(month + 1)}/${two(date)}/${two(year % 100)}`,
    X: time,
    y: two(year % 100),
    Y: String(year),
    // A moment without a time zone has none to name.
    z: '',
    Z: '',
    '%': '%',
  };
  // The C library's flags: - no padding, _ spaces, 0 zeros, ^ upper case, # the other case.
  return format.replace(/%([-_0^#]?)([a-zA-Z%])/g, (all, flag: string, letter: string) => {
    const value = values[letter];
    if (value === undefined) return all;
    if (letter === 'P') return value;
    if (flag === '^') return value.toUpperCase();
    if (flag === '#' && letter !== 'c') return letter === 'p' ? value.toLowerCase() : value.toUpperCase();
    if (!/^[ \d]\d+$/.test(value)) return value;
    if (flag === '-') return value.replace(/^[ 0]+(?=\d)/, '');
    if (flag === '_') return value.replace(/^0+(?=\d)/, (zeros) => ' '.repeat(zeros.length));
    return flag === '0' ? value.replace(/^ /, '0') : value;
  });
}

/** ISO 8601: weeks begin on Monday, and the first has the year's first Thursday. */
function isoWeek(moment: Date): { year: number; week: number } {
  const thursday = new Date(
    Date.UTC(
      moment.getUTCFullYear(),
      moment.getUTCMonth(),
      moment.getUTCDate() + 4 - (moment.getUTCDay() || 7),
    ),
  );
  const year = thursday.getUTCFullYear();
  return { year, week: 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / 604_800_000) };
}
