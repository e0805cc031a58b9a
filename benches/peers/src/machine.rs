//! What a table was made on and with.

use crate::contestants::lapack;

/// Prints the machine and the versions of the contestants as a list in markdown.
pub fn describe() {
    println!("- processor: {}; {}", processor(), instruction_sets().join(", "));
    println!("- lowrank {}: kernels {}", version("lowrank"), lowrank::kernel::name());
    let faer = if cfg!(feature = "avx512") { "with" } else { "without" };
    println!("- faer {} {faer} feature avx512; nalgebra {}", version("faer"), version("nalgebra"));
    println!("- matrixmultiply {} with feature avx512", version("matrixmultiply"));
    println!("- LAPACK {} of {}; core {}", lapack::version(), lapack::config(), lapack::core());
}

fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or("unknown", |(_, name)| name).to_owned()
}

fn instruction_sets() -> Vec<&'static str> {
    let mut sets = vec![std::env::consts::ARCH];
    #[cfg(target_arch = "x86_64")]
    sets.extend(
        [
            ("avx2", is_x86_feature_detected!("avx2")),
            ("fma", is_x86_feature_detected!("fma")),
            ("avx512f", is_x86_feature_detected!("avx512f")),
        ]
        .iter()
        .filter_map(|(name, there)| there.then_some(*name)),
    );
    sets
}

/// The version of a package that this program was built with.
fn version(package: &str) -> &'static str {
    let lock = include_str!("../../../Cargo.lock");
    let entry = lock.split("[[package]]").find(|entry| entry.contains(&format!("name = \"{package}\"\n")));
    entry.and_then(|entry| entry.split("version = \"").nth(1)?.split('"').next()).unwrap_or("unknown")
}
