//! Gives the shared library the name by which the dynamic linker knows it: before 1.0 the minor number tells which versions
//! are compatible.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let [os, major, minor] = ["CARGO_CFG_TARGET_OS", "CARGO_PKG_VERSION_MAJOR", "CARGO_PKG_VERSION_MINOR"]
        .map(|name| std::env::var(name).unwrap_or_default());
    if os == "linux" {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,liblowrank.so.{major}.{minor}");
    }
}
