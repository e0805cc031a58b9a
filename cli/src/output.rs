//! Results: a folder that is complete or not there at all, and text on standard output.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use npyz::{AutoSerialize, NpyWriter, WriteOptions, WriterBuilder};
use tempfile::TempDir;

/// The hidden folder of the results under way.
static STAGING: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Removes the hidden folder of the results under way, for a process that ends without unwinding.
pub fn discard() {
    if let Some(folder) = STAGING.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // The process is ending; there is nobody left to tell of a failure.
        let _ = fs::remove_dir_all(folder);
    }
}

/// Collects the files of a folder out of sight, and puts them into place with
/// [`commit`](Self::commit). Dropped before that, it leaves nothing behind.
pub struct OutputDir {
    destination: PathBuf,
    staging: TempDir,
    files: Vec<(String, File)>,
    stale: Vec<String>,
}

impl OutputDir {
    /// Prepares to fill `destination`, which may be a folder already.
    pub fn create(destination: &Path) -> Result<Self> {
        // In the nearest folder that exists, the rename to the destination stays on one file system,
        // and no parent has to be made that a failure would leave behind.
        let mut ancestors =
            destination.ancestors().map(|path| if path == Path::new("") { Path::new(".") } else { path });
        let folder = ancestors.find(|path| path.exists()).unwrap_or(Path::new("."));
        ensure!(folder.is_dir(), "{}: this is a file, not a folder", folder.display());
        let name = || folder.display().to_string();
        let staging = tempfile::Builder::new().prefix(".lowrank-").tempdir_in(folder).with_context(name)?;
        *STAGING.lock().unwrap_or_else(PoisonError::into_inner) = Some(staging.path().to_owned());
        let output = Self { destination: destination.to_owned(), staging, files: Vec::new(), stale: Vec::new() };
        fs::create_dir(output.staged()).with_context(name)?;
        Ok(output)
    }

    /// Writes the file `name` with `contents`.
    pub fn write(&mut self, name: &str, contents: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<()> {
        let write = || {
            let mut file = BufWriter::with_capacity(1 << 16, File::create(self.staged().join(name))?);
            contents(&mut file)?;
            Ok(file.into_inner()?)
        };
        let file = write().map_err(|error: io::Error| self.error(name, error))?;
        self.files.push((name.to_owned(), file));
        Ok(())
    }

    /// Writes the matrix with the values `at(row, column)` as an `.npy` file in C order.
    pub fn write_matrix<T: AutoSerialize>(
        &mut self,
        name: &str,
        rows: usize,
        cols: usize,
        at: impl Fn(usize, usize) -> T,
    ) -> Result<()> {
        self.write(name, |file| {
            let mut array = begin(file, &[rows as u64, cols as u64])?;
            for row in 0..rows {
                for column in 0..cols {
                    array.push(&at(row, column))?;
                }
            }
            array.finish()
        })
    }

    /// Writes a 1-D `.npy` file.
    pub fn write_vector<T: AutoSerialize>(&mut self, name: &str, values: &[T]) -> Result<()> {
        self.write(name, |file| {
            let mut array = begin(file, &[values.len() as u64])?;
            array.extend(values)?;
            array.finish()
        })
    }

    /// An older file `name` is no part of the results, and goes away with the commit.
    pub fn leave_out(&mut self, name: &str) {
        self.stale.push(name.to_owned());
    }

    /// Makes the files durable and renames them into place: all at once if there is no folder yet,
    /// one after the other over those of a folder that exists.
    pub fn commit(mut self) -> Result<()> {
        let mut names = Vec::new();
        // Each file is closed here, for not every system renames an open one.
        for (name, file) in std::mem::take(&mut self.files) {
            file.sync_all().map_err(|error| self.error(&name, error))?;
            names.push(name);
        }
        if self.destination.is_dir() {
            // Before the first is replaced, so that a failure leaves the old results whole.
            for name in names.iter().chain(&self.stale) {
                let target = self.destination.join(name);
                ensure!(!target.is_dir(), "{}: this is a folder, not a file", target.display());
            }
            for name in &self.stale {
                match fs::remove_file(self.destination.join(name)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(self.error(name, error)),
                    _ => {}
                }
            }
            for name in names {
                fs::rename(self.staged().join(&name), self.destination.join(&name))
                    .map_err(|error| self.error(&name, error))?;
            }
            return Ok(());
        }
        let parent = self.destination.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(parent)
            .and_then(|()| fs::rename(self.staged(), &self.destination))
            .with_context(|| self.destination.display().to_string())
    }

    /// The folder that the files are written to. `tempfile` keeps its own to the user alone; this one
    /// within has the usual permissions.
    fn staged(&self) -> PathBuf {
        self.staging.path().join("files")
    }

    /// The error under the name that the file would have had.
    fn error(&self, name: &str, error: io::Error) -> anyhow::Error {
        anyhow::Error::new(error).context(self.destination.join(name).display().to_string())
    }
}

fn begin<T: AutoSerialize, W: Write>(file: W, shape: &[u64]) -> io::Result<NpyWriter<T, W>> {
    WriteOptions::new().default_dtype().shape(shape).writer(file).begin_nd()
}

/// Prints to standard output. A reader that has gone away, as `head` does, is no error.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("standard output"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn fill(output: &mut OutputDir) {
        output.write_matrix("U.npy", 2, 3, |row, column| (10 * row + column) as f32).unwrap();
        output.write_vector("S.npy", &[2.5, 0.5]).unwrap();
        output.write("notes.txt", |file| writeln!(file, "done")).unwrap();
    }

    #[test]
    fn a_new_folder_appears_with_the_commit_and_its_parents_too() {
        let home = tempfile::tempdir().unwrap();
        let destination = home.path().join("some/results");
        let mut output = OutputDir::create(&destination).unwrap();
        fill(&mut output);
        assert!(!home.path().join("some").exists());
        output.commit().unwrap();
        assert_eq!(names(home.path()), ["some"]);
        assert_eq!(names(&destination), ["S.npy", "U.npy", "notes.txt"]);
        assert_eq!(fs::read_to_string(destination.join("notes.txt")).unwrap(), "done\n");
    }

    #[cfg(unix)]
    #[test]
    fn the_new_folder_has_the_permissions_of_any_other() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let (made, other) = (home.path().join("made"), home.path().join("other"));
        OutputDir::create(&made).unwrap().commit().unwrap();
        fs::create_dir(&other).unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(made), mode(other));
    }

    #[test]
    fn without_commit_nothing_is_left_behind() {
        let home = tempfile::tempdir().unwrap();
        let mut output = OutputDir::create(&home.path().join("some/results")).unwrap();
        fill(&mut output);
        drop(output);
        assert_eq!(names(home.path()), [""; 0]);
    }

    #[test]
    fn in_a_folder_that_exists_only_the_files_of_these_names_are_replaced() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("U.npy"), "old").unwrap();
        fs::write(home.path().join("other"), "kept").unwrap();
        let mut output = OutputDir::create(home.path()).unwrap();
        fill(&mut output);
        assert_eq!(fs::read(home.path().join("U.npy")).unwrap(), b"old");
        output.commit().unwrap();
        assert_eq!(names(home.path()), ["S.npy", "U.npy", "notes.txt", "other"]);
        assert_ne!(fs::read(home.path().join("U.npy")).unwrap(), b"old");
    }

    #[test]
    fn arrays_are_little_endian_in_c_order() {
        let home = tempfile::tempdir().unwrap();
        let mut output = OutputDir::create(home.path()).unwrap();
        fill(&mut output);
        output.commit().unwrap();
        let expect = |name: &str, header: &str, data: &[u8]| {
            let bytes = fs::read(home.path().join(name)).unwrap();
            let (start, end) = bytes.split_at(bytes.len() - data.len());
            assert!(String::from_utf8_lossy(start).contains(header), "{name}: {start:?}");
            assert_eq!(end, data);
        };
        let values: Vec<u8> = [0.0f32, 1.0, 2.0, 10.0, 11.0, 12.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        expect("U.npy", "'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, )", &values);
        let values: Vec<u8> = [2.5f64, 0.5].iter().flat_map(|v| v.to_le_bytes()).collect();
        expect("S.npy", "'descr': '<f8', 'fortran_order': False, 'shape': (2, )", &values);
    }

    #[test]
    fn a_file_is_no_place_for_a_folder() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        for destination in [file.clone(), file.join("results")] {
            let error = OutputDir::create(&destination).err().expect("refused");
            assert_eq!(format!("{error:#}"), format!("{}: this is a file, not a folder", file.display()));
        }
    }

    #[test]
    fn an_error_names_the_file_as_it_would_have_been_called() {
        let home = tempfile::tempdir().unwrap();
        let mut output = OutputDir::create(&home.path().join("results")).unwrap();
        let error = output.write("U.npy", |_| Err(io::ErrorKind::StorageFull.into())).unwrap_err();
        let path = home.path().join("results/U.npy");
        assert_eq!(format!("{error:#}"), format!("{}: no storage space", path.display()));
    }
}
