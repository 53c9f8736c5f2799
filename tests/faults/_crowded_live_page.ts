/** Opens a live page, more connections to it than it can take, and closes it. */

import { LivePage } from "@clr/clr/plots";

const live = await LivePage.open({ title: "Crowded" });
const port = Number(new URL(live.url).port);
const connections: Deno.TcpConn[] = [];
for (let i = 0; i < 150; i++) {
  try {
    connections.push(await Deno.connect({ hostname: "127.0.0.1", port }));
  } catch {
    // The limit on open files holds here too.
  }
}
await new Promise((resolve) => setTimeout(resolve, 300));
for (const connection of connections) connection.close();
let status = 0;
for (let i = 0; i < 50 && status !== 200; i++) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  try {
    const response = await fetch(live.url);
    await response.body?.cancel();
    status = response.status;
  } catch {
    // It listens again after a while.
  }
}
console.log(`answers ${status}`);
await live.close();
console.log("closed");
