//! Matrix files: the format is told by the extension, and every error is one sentence that begins
//! with the file's name when shown with `{:#}`.

mod delimited;
mod elements;
mod matrix_market;
mod npy;
mod safetensors;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::matrix::Input;

/// Reads the matrix in `path`; `tensor` names the one to take out of a safetensors file.
pub fn read(path: &Path, tensor: Option<&str>) -> Result<Input> {
    read_format(path, tensor).with_context(|| path.display().to_string())
}

fn read_format(path: &Path, tensor: Option<&str>) -> Result<Input> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if tensor.is_some() && extension != "safetensors" {
        bail!("--tensor is for .safetensors files only");
    }
    if !matches!(&*extension, "npy" | "mtx" | "csv" | "tsv" | "safetensors") {
        bail!("the extension is none of .npy, .mtx, .csv, .tsv and .safetensors");
    }

    let file = File::open(path)?;
    let length = file.metadata()?.len();
    match &*extension {
        "npy" => npy::read(file, length),
        "mtx" => matrix_market::read(BufReader::new(file), length),
        "csv" => delimited::read(file, b','),
        "tsv" => delimited::read(file, b'\t'),
        _ => safetensors::read(file, length, tensor),
    }
}

/// A piece of the file for an error message: quoted, escaped and cut to a readable length.
fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    if text.chars().nth(LONGEST).is_none() {
        return format!("{text:?}");
    }
    let head: String = text.chars().take(LONGEST).collect();
    format!("{head:?}...")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::matrix::Matrix;

    fn refusal(name: &str, tensor: Option<&str>) -> String {
        format!("{:#}", read(Path::new(name), tensor).unwrap_err())
    }

    #[test]
    fn the_extension_tells_the_format() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("X.TSV");
        fs::write(&path, "1\t2\n").unwrap();
        assert!(read(&path, None).is_ok());
        let accepted = "the extension is none of .npy, .mtx, .csv, .tsv and .safetensors";
        assert_eq!(refusal("a/X.txt", None), format!("a/X.txt: {accepted}"));
        assert_eq!(refusal("X", None), format!("X: {accepted}"));
    }

    #[test]
    fn only_safetensors_files_have_tensors() {
        assert_eq!(refusal("X.npy", Some("W")), "X.npy: --tensor is for .safetensors files only");
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_named() {
        assert!(refusal("missing.npy", None).starts_with("missing.npy: "));
    }

    #[test]
    fn an_excerpt_is_short_and_on_one_line() {
        assert_eq!(excerpt("a\n\"b\""), r#""a\n\"b\"""#);
        assert_eq!(excerpt(&"é".repeat(40)), format!("{:?}", "é".repeat(40)));
        assert_eq!(excerpt(&"é".repeat(41)), format!("{:?}...", "é".repeat(40)));
    }

    /// Small valid files of every format.
    fn samples() -> Vec<(&'static str, Vec<u8>)> {
        let mut npy = b"\x93NUMPY\x01\x00\x40\x00".to_vec();
        npy.extend(format!("{:64}", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }").bytes());
        npy.extend([1; 24]);
        let data: Vec<u8> = (0..24).collect();
        let tensor = |dtype, shape| ::safetensors::tensor::TensorView::new(dtype, shape, &data).unwrap();
        let tensors = [
            ("W", tensor(::safetensors::Dtype::F32, vec![2, 3])),
            ("V", tensor(::safetensors::Dtype::BF16, vec![12, 1])),
        ];
        vec![
            ("X.npy", npy),
            ("X.safetensors", ::safetensors::serialize(tensors, None).unwrap()),
            ("sparse.mtx", b"%%MatrixMarket matrix coordinate real symmetric\n%\n3 3 2\n2 1 -1e3\n3 3 2\n".into()),
            ("dense.mtx", b"%%MatrixMarket matrix array real skew-symmetric\n3 3\n1\n2\n-3.5\n".into()),
            ("X.csv", b"a,\"b\"\r\n1,2\r\n-3.5,4e1\r\n".into()),
            ("X.tsv", b"1\t2\n3\tnan\n".into()),
        ]
    }

    fn values(input: &Input) -> usize {
        match input {
            Input::F32(Matrix::Dense(matrix)) => matrix.values.len(),
            Input::F64(Matrix::Dense(matrix)) => matrix.values.len(),
            Input::F32(Matrix::Sparse(matrix)) => matrix.values.len(),
            Input::F64(Matrix::Sparse(matrix)) => matrix.values.len(),
        }
    }

    #[test]
    fn damaged_files_are_read_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        for (name, valid) in samples() {
            let path = folder.path().join(name);
            let tensor = name.ends_with("safetensors").then_some("W");
            let check = |bytes: &[u8], intact: bool| {
                fs::write(&path, bytes).unwrap();
                match read(&path, tensor) {
                    Ok(input) => assert!(values(&input) <= 2 * bytes.len(), "{name}: {bytes:?}"),
                    Err(error) => {
                        let error = format!("{error:#}");
                        assert!(!intact, "{error}");
                        assert!(error.contains(name) && !error.contains('\n'), "{error}");
                    }
                }
            };
            check(&valid, true);
            for length in 0..valid.len() {
                check(&valid[..length], false);
            }
            // A linear congruential generator is random enough for this.
            let mut state = 1u64;
            let mut random = |below: usize| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (state >> 33) as usize % below
            };
            for _ in 0..1000 {
                let mut bytes = valid.clone();
                for _ in 0..=random(3) {
                    let place = random(bytes.len());
                    match random(4) {
                        0 => bytes[place] ^= 1 << random(8),
                        1 => bytes[place] = b"0123456789-+. ,\t\n\r\"'{}[]()%"[random(27)],
                        2 => bytes.insert(place, random(256) as u8),
                        _ => drop(bytes.remove(place)),
                    }
                }
                check(&bytes, false);
            }
        }
    }
}
