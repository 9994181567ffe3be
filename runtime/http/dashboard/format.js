/* format.js - numbers, durations and times as the page writes them. */

const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

export const count = n => n == null ? "–" : plain.format(n);

/* of a rate or a mean, which is no whole number */
export const figure = x => x == null ? "–" : Math.abs(x) >= 100 ? plain.format(x) : fine.format(x);

export const rate = x => x == null ? "–" : figure(x) + "/s";

export const plural = (n, one, many) => `${count(n)} ${n === 1 ? one : many}`;

/* of a latency: 340 µs, 12 ms, 1.5 s */
export function latency(s) {
  if (s == null)
    return "–";
  if (s === 0)
    return "0";
  if (s < 0.001)
    return fine.format(s * 1e6) + " µs";
  return s < 1 ? fine.format(s * 1e3) + " ms" : duration(s, 1);
}

/* 9 s, 4 min 10 s, 3 h 12 min, 2 d 4 h; @digits: of seconds below 10 */
export function duration(s, digits = 0) {
  if (s == null)
    return "–";
  if (s < 10 && digits > 0)
    return s.toFixed(digits).replace(/\.0+$/, "") + " s";
  s = Math.round(s);
  if (s < 60)
    return s + " s";
  const two = (n, unit, m, small) => m > 0 ? `${n} ${unit} ${m} ${small}` : `${n} ${unit}`;
  if (s < 3600)
    return two(Math.floor(s / 60), "min", s % 60, "s");
  if (s < 86400)
    return two(Math.floor(s / 3600), "h", Math.floor(s % 3600 / 60), "min");
  return two(Math.floor(s / 86400), "d", Math.floor(s % 86400 / 3600), "h");
}

const pad = n => String(n).padStart(2, "0");

/* of the browser's time zone: 10:02:11 */
export function clock(epochS, seconds = true) {
  const t = new Date(epochS * 1000);

  return pad(t.getHours()) + ":" + pad(t.getMinutes()) + (seconds ? ":" + pad(t.getSeconds()) : "");
}

export function clockOfDay(epochS) {
  const t = new Date(epochS * 1000), today = t.toDateString() === new Date().toDateString();

  return today ? clock(epochS) :
                 `${t.getFullYear()}-${pad(t.getMonth() + 1)}-${pad(t.getDate())} ${clock(epochS)}`;
}
