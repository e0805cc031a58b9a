// node main.mjs golden.wasm: prints the name and the hash of every case, as table.txt has them.
import { readFileSync } from "node:fs";

const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[2]), {});
const { memory, golden_count, golden_name, golden_name_len, golden_hash } = instance.exports;
for (let i = 0; i < golden_count(); i++) {
    const name = new TextDecoder().decode(new Uint8Array(memory.buffer, golden_name(i), golden_name_len(i)));
    const hash = BigInt.asUintN(64, golden_hash(i));
    console.log(`${name} ${hash.toString(16).padStart(16, "0")}`);
}
