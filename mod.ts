/**
 * Cyclical learning rates and the learning-rate range test for TensorFlow.js.
 *
 * @module
 */

export {};
