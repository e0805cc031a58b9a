// Runs a program for WASI, the system interface of WebAssembly: node wasi.mjs PROGRAM ARGUMENT...
// Its exit status is the program's; a trap, which is how a panic ends there, is an error of node's.
import { readFile } from "node:fs/promises";
import { argv, env } from "node:process";
import { WASI } from "node:wasi";

const args = argv.slice(2);
const wasi = new WASI({ version: "preview1", args, env });
const program = await WebAssembly.compile(await readFile(args[0]));
wasi.start(await WebAssembly.instantiate(program, { wasi_snapshot_preview1: wasi.wasiImport }));
