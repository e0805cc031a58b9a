//! Memory for factors and scratch.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use anyhow::{Context, Result};
use bytemuck::Pod;
use memmap2::MmapMut;

/// Elements in pages of their own: large ones where the system has them, as the first touch of a page takes as long as the
/// work on it.
pub struct Memory<T> {
    pages: MmapMut,
    elements: PhantomData<T>,
}

/// As many zeros, or an error if there is not enough memory.
pub fn zeros<T: Pod>(len: Option<usize>) -> Result<Memory<T>> {
    let pages = len.and_then(|len| len.checked_mul(size_of::<T>())).and_then(|bytes| MmapMut::map_anon(bytes).ok());
    let pages = pages.context("there is not enough memory for a factorization of this rank")?;
    // Without, pages are small.
    #[cfg(target_os = "linux")]
    let _ = pages.advise(memmap2::Advice::HugePage);
    Ok(Memory { pages, elements: PhantomData })
}

impl<T: Pod> Deref for Memory<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        bytemuck::cast_slice(&self.pages)
    }
}

impl<T: Pod> DerefMut for Memory<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut(&mut self.pages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_has_its_length_and_is_zero() {
        for len in [0, 1, 511, 1 << 20] {
            let mut memory = zeros::<f64>(Some(len)).unwrap();
            assert!(memory.len() == len && memory.iter().all(|x| *x == 0.0));
            memory.fill(1.0);
            assert_eq!(memory.iter().sum::<f64>(), len as f64);
        }
        for len in [None, Some(usize::MAX), Some(usize::MAX / 8), Some(usize::MAX / 64)] {
            assert!(zeros::<f64>(len).is_err());
        }
    }
}
