//! `TextModel` as typed data.

use crate::document::dictionary::Taxonomy;
use crate::document::table::{Array, Matrix};
use crate::document::{ModelDocument, ModelHead};
use crate::elements::ElementDocument;
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// What the count of a term in a text is worth.
    pub enum LocalWeights {
        TermFrequency = "termFrequency",
        Binary = "binary",
        Logarithmic = "logarithmic",
        AugmentedNormalizedTermFrequency = "augmentedNormalizedTermFrequency",
    }
}

closed_list! {
    /// What a term is worth in the corpus.
    pub enum GlobalWeights {
        InverseDocumentFrequency = "inverseDocumentFrequency",
        None = "none",
        Gfidf = "GFIDF",
        Normal = "normal",
        ProbabilisticInverse = "probabilisticInverse",
    }
}

closed_list! {
    /// How long weighed texts are.
    pub enum DocumentNormalization {
        None = "none",
        Cosine = "cosine",
    }
}

closed_list! {
    /// How near two texts are.
    pub enum Similarity {
        Euclidean = "euclidean",
        Cosine = "cosine",
    }
}

/// `TextModel`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// The terms, one a column of the matrix.
    pub terms: Vec<&'a str>,
    /// Ids of the documents, one a row of the matrix.
    pub documents: Vec<&'a str>,
    /// How often each document has each term.
    pub matrix: Matrix,
    /// How counts are weighed.
    pub normalization: Normalization,
    /// How near two texts are.
    pub similarity: Similarity,
}

/// `TextModelNormalization`.
#[derive(Clone, Copy, Debug)]
pub struct Normalization {
    /// What the count of a term in a text is worth.
    pub local: LocalWeights,
    /// What a term is worth in the corpus.
    pub global: GlobalWeights,
    /// How long weighed texts are.
    pub document: DocumentNormalization,
}

/// Reads a `TextModel` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    let term_count = element.integer("numberOfTerms")?;
    let document_count = element.integer("numberOfDocuments")?;
    element.finish()?;
    let (mut terms, mut documents, mut matrix) = (Vec::new(), Vec::new(), None);
    // Without the element counts are compared as they are.
    let mut normalization = Normalization {
        local: LocalWeights::TermFrequency,
        global: GlobalWeights::None,
        document: DocumentNormalization::None,
    };
    let mut similarity = Similarity::Cosine;
    while let Some(child) = xml.child()? {
        let Some(mut child) = head.child(xml, child)? else { continue };
        match child.name {
            "TextDictionary" => terms = read_terms(xml, &child)?,
            "TextCorpus" => documents = read_corpus(xml, &child)?,
            "DocumentTermMatrix" => {
                child.finish()?;
                while let Some(part) = xml.child()? {
                    match part.name {
                        "Matrix" => matrix = Some(Matrix::read(xml, part)?),
                        _ => return Err(part.unexpected("DocumentTermMatrix")),
                    }
                }
            }
            "TextModelNormalization" => {
                normalization.local =
                    child.choice("localTermWeights")?.unwrap_or(LocalWeights::TermFrequency);
                normalization.global =
                    child.choice("globalTermWeights")?.unwrap_or(GlobalWeights::InverseDocumentFrequency);
                normalization.document =
                    child.choice("documentNormalization")?.unwrap_or(DocumentNormalization::None);
                child.finish()?;
                xml.end(&child)?;
            }
            "TextModelSimiliarity" => {
                similarity = child.choice("similarityType")?.unwrap_or(Similarity::Cosine);
                child.finish()?;
                xml.end(&child)?;
            }
            _ => return Err(child.unexpected("TextModel")),
        }
    }
    let matrix = matrix.ok_or_else(|| element.lacks("DocumentTermMatrix"))?;
    if terms.is_empty() || documents.is_empty() {
        return Err(element.lacks(if terms.is_empty() { "TextDictionary" } else { "TextCorpus" }));
    }
    for (stated, found, columns, what) in [
        (term_count, terms.len(), matrix.columns, "terms"),
        (document_count, documents.len(), matrix.rows, "documents"),
    ] {
        if columns != found || stated.is_some_and(|stated| usize::try_from(stated) != Ok(found)) {
            let message = format!(
                "{found} {what}, {columns} in the matrix and {} stated",
                stated.map_or("none".to_owned(), |stated| stated.to_string())
            );
            return Err(element.invalid(message));
        }
    }
    if matrix.cells.iter().any(|count| count.is_nan() || *count < 0.0 || count.is_infinite()) {
        return Err(element.invalid("the counts of a DocumentTermMatrix are finite and not below 0"));
    }
    let document = Document { terms, documents, matrix, normalization, similarity };
    head.finish(&element, ElementDocument::Text(document))
}

fn read_terms<'a>(xml: &mut Xml<'a>, element: &Element<'a>) -> Result<Vec<&'a str>> {
    element.finish()?;
    let mut terms = Vec::new();
    while let Some(child) = xml.child()? {
        match child.name {
            // Which term is a special case of which one; nothing follows from it.
            "Taxonomy" => {
                Taxonomy::read(xml, child)?;
            }
            "Array" => terms = Array::read(xml, child)?.entries,
            _ => return Err(child.unexpected("TextDictionary")),
        }
    }
    Ok(terms)
}

fn read_corpus<'a>(xml: &mut Xml<'a>, element: &Element<'a>) -> Result<Vec<&'a str>> {
    element.finish()?;
    let mut documents = Vec::new();
    while let Some(mut child) = xml.child()? {
        if child.name != "TextDocument" {
            return Err(child.unexpected("TextCorpus"));
        }
        documents.push(child.required("id")?);
        child.integer("length")?;
        child.ignore(&["name", "file"]);
        child.finish()?;
        xml.end(&child)?;
    }
    Ok(documents)
}
