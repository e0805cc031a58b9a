//! Reproducible kernels give the bits of one table, on every machine.

#[path = "../golden/src/cases.rs"]
mod cases;

/// Name and hash in each line, made by this test on x86-64; `tests/golden/check` compares other machines with it.
const TABLE: &str = include_str!("../golden/table.txt");

#[test]
fn every_hash_is_that_of_the_table() {
    let found: String = cases::CASES.iter().map(|(name, hash)| format!("{name} {:016x}\n", hash())).collect();
    assert!(!found.contains(" 0000000000000000\n"), "a call has failed:\n{found}");
    assert_eq!(found, TABLE, "not the table's bits; these are:\n{found}");
}
