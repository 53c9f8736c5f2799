/**
 * Inverse trigonometric functions in WGSL, whose own a driver may compute to some
 * 11 bits (4096 units in the last place), and whose angle of (0, 0) is any. By the
 * polynomials of Cephes' single precision, S. Moshier, whose relative errors are
 * some 2e-7.
 */
export const INVERSE_TRIGONOMETRY = `
// Of 0 to tan(π / 8) as it is, and of what is above by the differences of angles.
fn atanOfPositive(a: f32) -> f32 {
  let isFar = a > 2.414213562373095;
  let isMiddle = a > 0.4142135623730950;
  let t = select(select(a, (a - 1) / (a + 1), isMiddle), -1 / a, isFar);
  let z = t * t;
  let series = (((8.05374449538e-2 * z - 1.38776856032e-1) * z
    + 1.99777106478e-1) * z - 3.33329491539e-1) * z * t + t;
  return select(
    select(0, ${Math.PI / 4}, isMiddle), ${Math.PI / 2}, isFar) + series;
}
fn withSignOf(a: f32, x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(a) | (bitcast<u32>(x) & 0x80000000u));
}
fn atanOf(x: f32) -> f32 { return withSignOf(atanOfPositive(abs(x)), x); }
fn atan2Of(y: f32, x: f32) -> f32 {
  let least = min(abs(y), abs(x));
  let most = max(abs(y), abs(x));
  // Of (0, 0) that is 0, and of two infinities 1.
  let ratio = select(select(least / most, 1, least == most), 0, most == 0);
  let t = atanOfPositive(ratio);
  let right = select(t, ${Math.PI / 2} - t, abs(y) > abs(x));
  let isLeft = (bitcast<u32>(x) & 0x80000000u) != 0u;
  return withSignOf(select(right, ${Math.PI} - right, isLeft), y);
}
// Up to 1/2, and above of what is left to 1.
fn asinSeries(t: f32) -> f32 {
  let z = t * t;
  return ((((4.2163199048e-2 * z + 2.4181311049e-2) * z
    + 4.5470025998e-2) * z + 7.4953002686e-2) * z
    + 1.6666752422e-1) * z * t + t;
}
fn notANumber(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) | 0x7fc00000u);
}
fn asinOf(x: f32) -> f32 {
  let a = abs(x);
  if (a > 1) { return notANumber(x); }
  if (a <= 0.5) { return asinSeries(x); }
  let far = ${Math.PI / 2} - 2 * asinSeries(sqrt(0.5 * (1 - a)));
  return select(far, -far, x < 0);
}
fn acosOf(x: f32) -> f32 {
  let a = abs(x);
  if (a > 1) { return notANumber(x); }
  if (a <= 0.5) { return ${Math.PI / 2} - asinSeries(x); }
  let near = 2 * asinSeries(sqrt(0.5 * (1 - a)));
  return select(near, ${Math.PI} - near, x < 0);
}
`;
