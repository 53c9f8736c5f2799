/**
 * Advance widths of the bundled font in thousandths of the font size, for the
 * characters from U+0020 to U+007E. Without a canvas Vega takes 0.8 for every
 * character, which makes pictures a third too wide.
 */
// deno-fmt-ignore
const REGULAR = [
  281, 288, 466, 633, 642, 982, 644, 300, 365, 365, 501, 662, 288, 460, 288, 360,
  631, 407, 610, 618, 646, 593, 620, 585, 619, 620, 288, 302, 662, 662, 662, 511,
  966, 705, 654, 730, 722, 601, 590, 746, 743, 269, 571, 672, 565, 903, 753, 765,
  639, 765, 644, 642, 646, 744, 705, 1010, 682, 679, 629, 365, 312, 365, 471, 456,
  323, 562, 612, 571, 612, 583, 331, 613, 591, 242, 242, 549, 242, 876, 591, 600,
  612, 612, 392, 528, 327, 591, 562, 818, 546, 562, 552, 426, 333, 426, 662,
];
// deno-fmt-ignore
const SEMIBOLD = [
  252, 321, 523, 644, 650, 1004, 663, 326, 373, 373, 540, 673, 319, 465, 319, 379,
  660, 423, 623, 636, 666, 612, 640, 596, 640, 640, 319, 329, 673, 673, 673, 543,
  999, 742, 659, 737, 722, 605, 588, 749, 746, 277, 580, 703, 565, 922, 759, 769,
  645, 773, 652, 650, 660, 736, 742, 1042, 720, 713, 652, 373, 330, 373, 481, 469,
  351, 574, 624, 583, 624, 591, 348, 625, 612, 262, 262, 569, 262, 900, 612, 609,
  624, 624, 407, 549, 346, 612, 587, 839, 569, 588, 566, 455, 359, 455, 673,
];
/** Other characters: the widest of the minus sign, the middle dot and such. */
const OTHER = 660;

/** Width in pixels of `text` in the bundled font, without kerning. */
export function textWidth(
  text: string,
  fontSize: number,
  bold = false,
): number {
  const widths = bold ? SEMIBOLD : REGULAR;
  let sum = 0;
  for (const character of text) {
    sum += widths[character.codePointAt(0)! - 32] ?? OTHER;
  }
  return sum * fontSize / 1000;
}
