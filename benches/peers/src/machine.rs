//! What a table was made on and with.

use peers_lapack as lapack;

/// Prints the machine and the versions of the contestants as a list in markdown.
pub fn describe() {
    let sets = instruction_sets();
    let names = |fits: fn(&Set) -> bool| {
        let names: Vec<_> = sets.iter().filter(|set| fits(set)).map(|set| set.name).collect();
        if names.is_empty() { "none of these".to_owned() } else { names.join(", ") }
    };
    println!("- processor: {}, {}; {}", processor(), std::env::consts::ARCH, names(|set| set.there));
    println!(
        "- compiled for: {}; the loops of nalgebra use no more, all others ask the processor",
        names(|set| set.compiled)
    );
    println!("- lowrank {}: kernels {}", version("lowrank"), lowrank::kernel::name());
    let faer = if cfg!(feature = "avx512") { "with" } else { "without" };
    println!("- faer {} {faer} feature avx512; nalgebra {}", version("faer"), version("nalgebra"));
    println!("- matrixmultiply {} with feature avx512", version("matrixmultiply"));
    let forced = std::env::var_os("OPENBLAS_CORETYPE").is_some_and(|core| !core.is_empty());
    let forced = if forced { ", FORCED by OPENBLAS_CORETYPE" } else { "" };
    println!("- LAPACK {} of {}; core {}{forced}", lapack::version(), lapack::config(), lapack::core());
}

fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or("unknown", |(_, name)| name).to_owned()
}

/// A set of instructions that matters here.
struct Set {
    name: &'static str,
    /// Whether the processor has it.
    there: bool,
    /// Whether all of the program may use it, as `RUSTFLAGS` say.
    compiled: bool,
}

fn instruction_sets() -> Vec<Set> {
    #[cfg(target_arch = "x86_64")]
    macro_rules! sets {
        ($($name:tt)*) => {
            vec![$(Set {
                name: $name,
                there: is_x86_feature_detected!($name),
                compiled: cfg!(target_feature = $name),
            }),*]
        };
    }
    #[cfg(target_arch = "x86_64")]
    return sets!("sse2" "avx2" "fma" "avx512f");
    #[cfg(not(target_arch = "x86_64"))]
    Vec::new()
}

/// The version of a package that this program was built with.
fn version(package: &str) -> &'static str {
    let lock = include_str!("../../../Cargo.lock");
    let entry = lock.split("[[package]]").find(|entry| entry.contains(&format!("name = \"{package}\"\n")));
    entry.and_then(|entry| entry.split("version = \"").nth(1)?.split('"').next()).unwrap_or("unknown")
}
