import type { LayerConverter } from "@clr/clr/onnx";

/** `x / (1 + alpha · m)^0.75`, the power as the layer itself takes it. */
const convertWithinChannelNormalization: LayerConverter = (
  { config, inputs: [input] },
  graph,
) => {
  const size = config.size as number;
  const border = (size - 1) / 2;
  const x = graph.arrange(input, [0, 3, 1, 2]);
  const squares = graph.map("Mul", x, {}, [x]);
  // Places outside the map count as zeros.
  const mean = graph.map("AveragePool", squares, {
    kernel_shape: [size, size],
    pads: [border, border, border, border],
    count_include_pad: 1,
  });
  const scaled = graph.map("Mul", mean, {}, [
    graph.scalar("alpha", config.alpha as number),
  ]);
  const base = graph.map("Add", scaled, {}, [graph.scalar("one", 1)]);
  const root = graph.map("Sqrt", base);
  const power = graph.map("Mul", root, {}, [graph.map("Sqrt", root)]);
  return graph.map("Div", x, {}, [power]);
};

/** How `toOnnx` writes the layers of the example models that are not tfjs's own. */
export const ONNX_CONVERTERS: Readonly<Record<string, LayerConverter>> = {
  CountedDropout: ({ inputs: [x] }) => x,
  WithinChannelNormalization: convertWithinChannelNormalization,
};
