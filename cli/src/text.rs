//! Corpora and their document-term matrices, counted and weighted as scikit-learn does.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::{Context, Result, anyhow, ensure};
use regex::Regex;
use walkdir::WalkDir;

use crate::matrix::Sparse;

#[derive(Debug, PartialEq)]
pub struct Corpus {
    pub documents: Vec<String>,
    /// One for each document, if the file has them.
    pub labels: Option<Vec<String>>,
}

/// Reads the documents in `path`: the files of a folder, or the lines of a file. With `labelled`,
/// every line is a label, a tab and the document.
pub fn read_corpus(path: &Path, labelled: bool) -> Result<Corpus> {
    let corpus = if path.is_dir() {
        ensure!(!labelled, "{}: a folder of documents has no labels", path.display());
        Corpus { documents: read_folder(path)?, labels: None }
    } else {
        read_lines(path, labelled).with_context(|| path.display().to_string())?
    };
    ensure!(!corpus.documents.is_empty(), "{}: there are no documents", path.display());
    Ok(corpus)
}

/// Every file in the folder and below is a document, in the order of the paths. Names that begin
/// with a dot are left out.
fn read_folder(folder: &Path) -> Result<Vec<String>> {
    let hidden = |name: &OsStr| name.as_encoded_bytes().starts_with(b".");
    let mut documents = Vec::new();
    let entries = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
    for entry in entries.filter_entry(|entry| entry.depth() == 0 || !hidden(entry.file_name())) {
        let entry = entry?;
        if entry.file_type().is_file() {
            let document = fs::read_to_string(entry.path()).map_err(not_text);
            documents.push(document.with_context(|| entry.path().display().to_string())?);
        }
    }
    Ok(documents)
}

/// Every line of the file that is not blank is a document.
fn read_lines(path: &Path, labelled: bool) -> Result<Corpus> {
    let mut documents = Vec::new();
    let mut labels = Vec::new();
    for (index, line) in BufReader::new(File::open(path)?).lines().enumerate() {
        let place = || format!("line {}", index + 1);
        let line = line.map_err(not_text).with_context(place)?;
        let line = line.strip_prefix('\u{feff}').unwrap_or(&line);
        if line.trim().is_empty() {
            continue;
        }
        if labelled {
            let (label, document) =
                line.split_once('\t').context("there is no tab between a label and a document").with_context(place)?;
            labels.push(label.to_owned());
            documents.push(document.to_owned());
        } else {
            documents.push(line.to_owned());
        }
    }
    Ok(Corpus { documents, labels: labelled.then_some(labels) })
}

fn not_text(error: io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::InvalidData => anyhow!("the text is not UTF-8"),
        _ => error.into(),
    }
}

/// The words of the text in lower case: runs of two or more word characters, which are letters,
/// their marks, decimal digits and connectors like `_`.
/// Python's `\w` differs in rare characters: it has fractions and superscripts, but no marks.
pub fn tokenize(text: &str) -> impl Iterator<Item = String> {
    static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\w\w+").expect("the pattern is valid"));
    let text = text.to_lowercase();
    let mut position = 0;
    iter::from_fn(move || {
        let word = WORD.find_at(&text, position)?;
        position = word.end();
        Some(word.as_str().to_owned())
    })
}

/// The words that are not counted.
#[derive(Clone, Debug)]
pub enum StopWords {
    /// NLTK's list. That of the Stopwords ISO project is no alternative: among its 1298 words are
    /// `computer`, `system` and `information`.
    English,
    None,
    /// The words of a file, separated by white space.
    File(PathBuf),
}

impl StopWords {
    /// The tokens of the listed words: the text has `don` where the list has `don't`.
    pub fn tokens(&self) -> Result<HashSet<String>> {
        let list = match self {
            Self::English => stop_words::get(stop_words::Language::English).join(" "),
            Self::None => String::new(),
            Self::File(path) => {
                fs::read_to_string(path).map_err(not_text).with_context(|| path.display().to_string())?
            }
        };
        Ok(tokenize(&list).collect())
    }
}

/// How often each term occurs in each document.
#[derive(Debug, PartialEq)]
pub struct DocumentTerm {
    /// A row for each document and a column for each term.
    pub matrix: Sparse<f64>,
    /// The terms in the order of their columns, sorted.
    pub vocabulary: Vec<String>,
}

/// Counts the tokens of the documents without the stop words.
pub fn count(documents: &[String], stop_words: &HashSet<String>) -> Result<DocumentTerm> {
    let mut indices: HashMap<String, u32> = HashMap::new();
    let mut counts = Vec::new();
    let mut document_terms = Vec::new();
    for (document, text) in documents.iter().enumerate() {
        let document = u32::try_from(document).ok().context("there are more than 2^32 documents")?;
        for token in tokenize(text).filter(|token| !stop_words.contains(token)) {
            let next = indices.len();
            let index = match indices.entry(token) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => *new.insert(u32::try_from(next).ok().context("there are more than 2^32 terms")?),
            };
            document_terms.push(index);
        }
        document_terms.sort_unstable();
        let runs = document_terms.chunk_by(|a, b| a == b);
        counts.extend(runs.map(|run| (document, run[0], run.len() as f64)));
        document_terms.clear();
    }
    ensure!(!indices.is_empty(), "the documents have no words but stop words");

    let mut terms: Vec<(String, u32)> = indices.into_iter().collect();
    terms.sort_unstable();
    let mut columns = vec![0; terms.len()];
    for (column, &(_, index)) in terms.iter().enumerate() {
        columns[index as usize] = column as u32;
    }
    let vocabulary: Vec<String> = terms.into_iter().map(|(term, _)| term).collect();
    let entries = counts.iter().map(|&(document, index, count)| (document, columns[index as usize], count));
    let matrix = Sparse::from_triplets(documents.len(), vocabulary.len(), entries)?;
    Ok(DocumentTerm { matrix, vocabulary })
}

/// Weighs the counts by the inverse document frequency ln((1 + n) / (1 + df)) + 1, and scales each
/// row that has terms to unit length.
pub fn tfidf(counts: &mut Sparse<f64>) {
    let mut frequencies = vec![0.0; counts.cols];
    for &column in &counts.columns {
        frequencies[column as usize] += 1.0;
    }
    let documents = counts.rows as f64;
    let weights: Vec<f64> =
        frequencies.iter().map(|frequency| ((1.0 + documents) / (1.0 + frequency)).ln() + 1.0).collect();

    for bounds in counts.starts.windows(2) {
        let row = &mut counts.values[bounds[0]..bounds[1]];
        for (value, &column) in row.iter_mut().zip(&counts.columns[bounds[0]..bounds[1]]) {
            *value *= weights[column as usize];
        }
        let length = row.iter().map(|value| value * value).sum::<f64>().sqrt();
        for value in row {
            *value /= length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, contents) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, contents).unwrap();
        }
        folder
    }

    fn lines(contents: &[u8], labelled: bool) -> Result<Corpus> {
        let folder = folder(&[("corpus", contents)]);
        read_lines(&folder.path().join("corpus"), labelled)
    }

    fn tokens(text: &str) -> Vec<String> {
        tokenize(text).collect()
    }

    fn counted(documents: &[&str], stop_words: &[&str]) -> Result<DocumentTerm> {
        let documents: Vec<String> = documents.iter().map(|&document| document.into()).collect();
        count(&documents, &stop_words.iter().map(|&word| word.into()).collect())
    }

    #[test]
    fn the_files_below_a_folder_come_in_the_order_of_their_paths() {
        let folder = folder(&[
            ("b.txt", b"two\nlines\n"),
            ("a/z", b"first"),
            ("a/deep/y", b"zeroth"),
            (".hidden", b"no"),
            (".git/x", b"no"),
            ("c", b""),
        ]);
        let corpus = read_corpus(folder.path(), false).unwrap();
        assert_eq!(
            corpus,
            Corpus { documents: ["zeroth", "first", "two\nlines\n", ""].map(Into::into).into(), labels: None }
        );
        let error = format!("{:#}", read_corpus(folder.path(), true).unwrap_err());
        assert_eq!(error, format!("{}: a folder of documents has no labels", folder.path().display()));
    }

    #[test]
    fn the_lines_of_a_file_are_documents() {
        let corpus = lines("\u{feff}one\r\n\n \t\nzwei, drei\n".as_bytes(), false).unwrap();
        assert_eq!(corpus, Corpus { documents: vec!["one".into(), "zwei, drei".into()], labels: None });
    }

    #[test]
    fn a_label_ends_at_the_first_tab() {
        let corpus = lines(b"x\tone\ttwo\n\ny\t\n", true).unwrap();
        assert_eq!(corpus.labels.unwrap(), ["x", "y"]);
        assert_eq!(corpus.documents, ["one\ttwo", ""]);
        let error = format!("{:#}", lines(b"x\tone\n\ntwo\n", true).unwrap_err());
        assert_eq!(error, "line 3: there is no tab between a label and a document");
    }

    #[test]
    fn text_that_is_not_utf8_is_named() {
        assert_eq!(format!("{:#}", lines(b"one\nt\xffo\n", false).unwrap_err()), "line 2: the text is not UTF-8");
        let folder = folder(&[("a", b"one"), ("b", b"t\xffo")]);
        let error = format!("{:#}", read_corpus(folder.path(), false).unwrap_err());
        assert_eq!(error, format!("{}: the text is not UTF-8", folder.path().join("b").display()));
    }

    #[test]
    fn a_corpus_has_documents() {
        let folder = folder(&[("empty", b"\n\n")]);
        fs::create_dir(folder.path().join("nothing")).unwrap();
        for name in ["empty", "nothing"] {
            let path = folder.path().join(name);
            let error = format!("{:#}", read_corpus(&path, false).unwrap_err());
            assert_eq!(error, format!("{}: there are no documents", path.display()));
        }
    }

    #[test]
    fn tokens_are_two_or_more_word_characters_in_lower_case() {
        assert_eq!(tokens("I don't\tKNOW_it: x2, ÉTÉ-Straße!"), ["don", "know_it", "x2", "été", "straße"]);
        assert_eq!(tokens("a b c"), [""; 0]);
    }

    #[test]
    fn stop_words_are_tokens_themselves() {
        let english = StopWords::English.tokens().unwrap();
        for word in ["the", "don", "ll", "wasn"] {
            assert!(english.contains(word), "{word}");
        }
        assert!(!english.contains("don't") && !english.contains("computer"));
        assert!(StopWords::None.tokens().unwrap().is_empty());

        let folder = folder(&[("stop", b"Foo can't\n\nx bar")]);
        let listed = StopWords::File(folder.path().join("stop")).tokens().unwrap();
        assert_eq!(listed, ["foo", "can", "bar"].map(String::from).into());
        let missing = folder.path().join("missing");
        let error = format!("{:#}", StopWords::File(missing.clone()).tokens().unwrap_err());
        assert!(error.starts_with(&format!("{}: ", missing.display())), "{error}");
    }

    #[test]
    fn terms_are_counted_in_sorted_columns() {
        let counts = counted(&["pear apple pear", "", "Zoo the apple", "the"], &["the"]).unwrap();
        assert_eq!(counts.vocabulary, ["apple", "pear", "zoo"]);
        let expected = Sparse {
            rows: 4,
            cols: 3,
            starts: vec![0, 2, 2, 4, 4],
            columns: vec![0, 1, 0, 2],
            values: vec![1.0, 2.0, 1.0, 1.0],
        };
        assert_eq!(counts.matrix, expected);
    }

    #[test]
    fn a_vocabulary_has_words() {
        let error = counted(&["the", "a"], &["the"]).unwrap_err();
        assert_eq!(error.to_string(), "the documents have no words but stop words");
    }

    #[test]
    fn tfidf_weighs_rare_terms_up_and_scales_rows_to_unit_length() {
        // "both" is in 2 of 3 documents and "one" in 1: idf 1 + ln(4 / 3) and 1 + ln(4 / 2).
        let mut matrix = counted(&["both both one", "both", ""], &[]).unwrap().matrix;
        tfidf(&mut matrix);
        let (both, one) = (2.0 * (1.0 + (4f64 / 3.0).ln()), 1.0 + 2f64.ln());
        let length = both.hypot(one);
        assert_eq!(matrix.starts, [0, 2, 3, 3]);
        for (value, expected) in matrix.values.iter().zip([both / length, one / length, 1.0]) {
            assert!((value - expected).abs() < 1e-15, "{value} is not {expected}");
        }
    }
}
