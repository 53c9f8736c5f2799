import * as tf from "@tensorflow/tfjs";
import { chain, testAgreement } from "./_agreement.ts";

const { layers } = tf;

const cases: Record<string, () => tf.LayersModel> = {
  "maxPooling3d": () =>
    chain([5, 6, 4, 2], layers.maxPooling3d({ poolSize: 2, padding: "same" })),
  "averagePooling3d": () =>
    chain(
      [5, 6, 4, 2],
      layers.averagePooling3d({ poolSize: 3, strides: 2, padding: "same" }),
    ),
  "globalAveragePooling1d": () =>
    chain([6, 3], layers.globalAveragePooling1d({})),
  "globalMaxPooling1d": () => chain([6, 3], layers.globalMaxPooling1d({})),
  "globalAveragePooling2d on channels first": () =>
    chain(
      [3, 5, 6],
      layers.globalAveragePooling2d({ dataFormat: "channelsFirst" }),
    ),
  "globalMaxPooling2d after a convolution": () =>
    chain(
      [5, 6, 3],
      layers.conv2d({ filters: 4, kernelSize: 2 }),
      layers.globalMaxPooling2d({ dataFormat: "channelsLast" }),
    ),
  "globalAveragePooling2d after a convolution": () =>
    chain(
      [5, 6, 3],
      layers.conv2d({ filters: 4, kernelSize: 2 }),
      layers.globalAveragePooling2d({ dataFormat: "channelsLast" }),
    ),
};
for (const padding of ["valid", "same"] as const) {
  for (const poolSize of [2, 3]) {
    for (const strides of [1, 2, 3]) {
      const what = `${padding} padding, window ${poolSize}, stride ${strides}`;
      cases[`maxPooling1d, ${what}`] = () =>
        chain([8, 2], layers.maxPooling1d({ poolSize, strides, padding }));
      cases[`averagePooling1d, ${what}`] = () =>
        chain([8, 2], layers.averagePooling1d({ poolSize, strides, padding }));
      cases[`maxPooling2d, ${what}`] = () =>
        chain(
          [8, 9, 2],
          layers.maxPooling2d({
            poolSize: [poolSize, 2],
            strides: [strides, 2],
            padding,
          }),
        );
      // With "same", the padded pixels must not count.
      cases[`averagePooling2d, ${what}`] = () =>
        chain(
          [8, 9, 2],
          layers.averagePooling2d({ poolSize, strides, padding }),
        );
      cases[`averagePooling2d on channels first, ${what}`] = () =>
        chain(
          [2, 8, 9],
          layers.averagePooling2d({
            poolSize,
            strides,
            padding,
            dataFormat: "channelsFirst",
          }),
        );
    }
  }
}
testAgreement(cases);
testAgreement({
  "averagePooling2d of images of unknown size": [
    () =>
      chain(
        [null, null, 2],
        layers.averagePooling2d({ poolSize: 3, strides: 2, padding: "same" }),
      ),
    { unknown: [8, 7] },
  ],
});
