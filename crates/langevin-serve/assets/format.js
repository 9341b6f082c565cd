// format.js: numbers and spans of time as people read them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** 2815, 0.0716, 3.1e-6: three significant digits, and all those before the point. */
export function number(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size >= 100) return whole.format(value);
  if (size >= 0.001) return String(Number(value.toPrecision(3)));
  return value.toExponential(1).replace("e-", "e−");
}

export const integer = (value) => (Number.isFinite(value) ? whole.format(value) : "–");

/** 41 s, 3 min 20 s, 2 h 5 min. */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const all = Math.round(seconds);
  if (all < 60) return `${all} s`;
  if (all < 3600) return `${Math.floor(all / 60)} min ${all % 60} s`;
  return `${Math.floor(all / 3600)} h ${Math.floor((all % 3600) / 60)} min`;
}

export const plural = (count, one, many = `${one}s`) => `${integer(count)} ${count === 1 ? one : many}`;

/** Labels of an axis that goes by decades: plain numbers near 1, powers of ten beyond. */
export function decade(value) {
  const exponent = Math.floor(Math.log10(value) + 1e-9);
  if (Math.abs(exponent) < 4) return number(value);
  const digit = Math.round(value / 10 ** exponent);
  return `${digit === 1 ? "" : `${digit}·`}10${[...String(exponent)].map((sign) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign] ?? "⁻").join("")}`;
}
