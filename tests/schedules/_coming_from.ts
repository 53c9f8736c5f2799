/** The page for those who come from another library. */
export const TABLE = await Deno.readTextFile(
  new URL("../../docs/coming_from.md", import.meta.url),
);

/** The first cells of the table under a heading, which name what people know. */
export function namesUnder(heading: string): string[] {
  const section = TABLE.split("\n## ").find((part) => part.startsWith(heading));
  return [...section!.matchAll(/^\| (`.*?)\s*\|/gm)].flatMap(([, cell]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name)
  );
}

/** Those of the documentation of PyTorch 2, whatever version is installed. */
export const PYTORCH_2 = [
  "LambdaLR",
  "MultiplicativeLR",
  "StepLR",
  "MultiStepLR",
  "ConstantLR",
  "LinearLR",
  "ExponentialLR",
  "PolynomialLR",
  "CosineAnnealingLR",
  "ChainedScheduler",
  "SequentialLR",
  "ReduceLROnPlateau",
  "CyclicLR",
  "OneCycleLR",
  "CosineAnnealingWarmRestarts",
  "swa_utils.SWALR",
];
