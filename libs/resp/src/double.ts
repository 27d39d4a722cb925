// C's "%.17g" on top of toExponential, which has the same digits but for two things: the notation, and that it
// rounds a tie away from zero where C rounds to the even digit.

const PRECISION = 17;

/** As Redis prints a double: "%.17g" (or of another precision, 1 to 17), "inf", "-inf", "nan". */
export function formatDouble(value: number, precision = PRECISION): string {
  // the exact decimals of a small integer are few
  if (Number.isInteger(value) && Math.abs(value) < 1e15 && precision >= 15 && !Object.is(value, -0))
    return String(value);
  if (value !== value) return 'nan';
  if (value === Infinity) return 'inf';
  if (value === -Infinity) return '-inf';

  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [mantissa, exponentText] = roundedToEven(Math.abs(value), precision).split('e');
  const digits = (mantissa[0] + mantissa.slice(2)).replace(/0+$/, '') || '0';
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= precision) {
    const size = Math.abs(exponent);
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${size < 10 ? '0' : ''}${size}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, '0');
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** So many digits, d.ddde±x. */
function roundedToEven(value: number, precision: number): string {
  const nearest = value.toExponential(precision - 1);
  const longer = value.toExponential(precision);
  const last = longer.indexOf('e') - 1;
  // a tie: the digits end behind one more that is 5; then the last decides
  if (longer[last] !== '5' || Number(longer[last - 1]) % 2 === 1) return nearest;
  const exact = value.toExponential(60);
  if (!/^0*e/.test(exact.slice(last + 1))) return nearest;
  return longer.slice(0, last) + longer.slice(last + 1);
}
