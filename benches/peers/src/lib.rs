//! LAPACK, called by the races and by the test that takes it for an oracle.

pub mod lapack;
