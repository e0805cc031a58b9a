//! `lowrank topics`: a corpus becomes lists of terms.
//!
//! The document-term matrix X is factorized as `X ~ F G`; row `t` of G holds the weights of all terms in topic `t`, and
//! column `t` of F its part in each document.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;

use crate::args::{Method, Penalties, Side, TopicMethod, Topics, Weighting};
use crate::factorization::{Factors, Plan, factorize};
use crate::matrix::Matrix;
use crate::output::print;
use crate::text::{self, StopWords};

/// Weights up to this part of the heaviest are no more than what an iteration has not yet brought to zero.
const NO_WEIGHT: f64 = 1e-6;

struct Topic {
    /// The leading terms with their weights, heaviest first.
    terms: Vec<(String, f64)>,
    /// Documents in which this topic has the largest part, and the most frequent label among them with its count.
    documents: usize,
    label: Option<(String, usize)>,
}

pub fn run(args: &Topics) -> Result<()> {
    let corpus = text::read_corpus(&args.path, args.labelled)?;
    let stop_words = stop_words(&args.stop_words).tokens()?;
    let in_path = || args.path.display().to_string();
    let mut counted = text::count(&corpus.documents, &stop_words).with_context(in_path)?;
    if args.weighting == Weighting::Tfidf {
        text::tfidf(&mut counted.matrix);
    }
    let svd = args.method == TopicMethod::Svd;
    let plan = Plan {
        method: if svd { Method::Svd } else { Method::Nmf },
        rank: args.topics,
        init: None,
        nonnegative: Side::Right,
        solver: None,
        beta: 2.0,
        penalties: Penalties { l1: None, l2: None },
        normalize: None,
        target: None,
        iteration: &args.iteration,
        default_tolerance: if svd { 1e-4 } else { 1e-8 },
        default_max_iter: if svd { 100 } else { 1000 },
    };
    let factors = factorize(&Matrix::Sparse(counted.matrix), &plan).with_context(in_path)?;
    let topics = topics(&factors, &counted.vocabulary, corpus.labels.as_deref(), args.top);
    print(&if args.iteration.json { json_of(&factors, &topics, svd) } else { text_of(&factors, &topics, svd) })
}

fn stop_words(argument: &Path) -> StopWords {
    match argument.to_str() {
        Some("english") => StopWords::English,
        Some("none") => StopWords::None,
        _ => StopWords::File(argument.to_owned()),
    }
}

/// The topics, the one with the largest part of the corpus first.
fn topics(factors: &Factors<f64>, vocabulary: &[String], labels: Option<&[String]>, top: usize) -> Vec<Topic> {
    let Factors { rows, cols, rank, ref left, ref right, ref values, .. } = *factors;
    let norm = |x: &[f64], t: usize| x.iter().skip(t).step_by(rank).map(|x| x * x).sum::<f64>().sqrt();
    let right_norms: Vec<f64> = (0..rank).map(|t| norm(right, t)).collect();
    let part =
        |document: usize, t: usize| left[document * rank + t].abs() * values.as_ref().map_or(right_norms[t], |s| s[t]);
    // A document without words, or with none of any topic's, belongs to no topic.
    let strongest: Vec<Option<usize>> = (0..rows)
        .map(|document| {
            let parts = (0..rank).map(|t| (t, part(document, t))).filter(|(_, part)| *part > 0.0);
            parts.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(t, _)| t)
        })
        .collect();

    let size = |t: usize| values.as_ref().map_or(norm(left, t) * right_norms[t], |s| s[t]);
    let mut order: Vec<usize> = (0..rank).collect();
    order.sort_by(|&a, &b| size(b).total_cmp(&size(a)));
    let describe = |t: usize| {
        // A right factor of NMF has no scale of its own: its weights are given as shares of their sum.
        let total: f64 = if values.is_some() { 1.0 } else { right.iter().skip(t).step_by(rank).sum() };
        let weight = |term: usize| right[term * rank + t];
        let heaviest = (0..cols).fold(0.0f64, |heaviest, term| heaviest.max(weight(term).abs()));
        let mut terms: Vec<usize> = (0..cols).filter(|&term| weight(term).abs() > NO_WEIGHT * heaviest).collect();
        terms.sort_by(|&a, &b| weight(b).abs().total_cmp(&weight(a).abs()).then(a.cmp(&b)));
        terms.truncate(top);
        let members = || strongest.iter().enumerate().filter(|(_, s)| **s == Some(t)).map(|(document, _)| document);
        Topic {
            terms: terms.iter().map(|&term| (vocabulary[term].clone(), weight(term) / total)).collect(),
            documents: members().count(),
            label: labels.and_then(|labels| most_frequent(members().map(|document| &*labels[document]))),
        }
    };
    order.into_iter().map(describe).collect()
}

/// The most frequent label and its count; of equally frequent ones the first by name.
fn most_frequent<'a>(labels: impl Iterator<Item = &'a str>) -> Option<(String, usize)> {
    let mut sorted: Vec<&str> = labels.collect();
    sorted.sort_unstable();
    let runs = sorted.chunk_by(|a, b| a == b).map(|run| (run[0], run.len()));
    let (label, count) = runs.reduce(|best, run| if run.1 > best.1 { run } else { best })?;
    Some((label.to_owned(), count))
}

fn text_of(factors: &Factors<f64>, topics: &[Topic], svd: bool) -> String {
    let Factors { rows, cols, outcome, seconds, .. } = factors;
    let method = if svd { "svd" } else { "nmf" };
    let ending = if outcome.converged { "" } else { ", not converged" };
    let head = format!(
        "{rows} documents, {cols} terms, {} topics by {method}\n\
         relative error {:.4} after {} iterations{ending}, {seconds:.3} s\n\n",
        topics.len(),
        outcome.relative_error,
        outcome.iterations
    );
    let entry = |(number, topic): (usize, &Topic)| {
        // The terms of an SVD have signs: a topic is an axis with two ends.
        let sign = |weight: f64| if weight < 0.0 { "-" } else { "" };
        let terms: Vec<String> = topic.terms.iter().map(|(term, weight)| format!("{}{term}", sign(*weight))).collect();
        let label = topic.label.as_ref().map(|(label, count)| format!(", {count} of them {label}"));
        let label = label.unwrap_or_default();
        let plural = if topic.documents == 1 { "" } else { "s" };
        format!("{:>3}  {}\n     {} document{plural}{label}\n", number + 1, terms.join("  "), topic.documents)
    };
    head + &topics.iter().enumerate().map(entry).collect::<String>()
}

fn json_of(factors: &Factors<f64>, topics: &[Topic], svd: bool) -> String {
    let outcome = factors.outcome;
    let terms = |topic: &Topic| -> Vec<_> {
        topic.terms.iter().map(|(term, weight)| json!({ "term": term, "weight": weight })).collect()
    };
    let summary = json!({
        "method": if svd { "svd" } else { "nmf" },
        "rows": factors.rows,
        "cols": factors.cols,
        "rank": factors.rank,
        "iterations": outcome.iterations,
        "converged": outcome.converged,
        "relative_error": outcome.relative_error,
        "seconds": factors.seconds,
        "topics": topics.iter().map(terms).collect::<Vec<_>>(),
    });
    format!("{summary}\n")
}
