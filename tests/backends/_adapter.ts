/** Whether WebGPU finds an adapter here, be it one in software. */
export async function hasAdapter(): Promise<boolean> {
  return await navigator.gpu?.requestAdapter() != null;
}
