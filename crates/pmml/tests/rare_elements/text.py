#!/usr/bin/env python3
"""Text models: counts by scikit-learn, weights by numpy, nearness by scikit-learn.

Needs numpy and scikit-learn.
"""
import re

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics.pairwise import cosine_similarity, euclidean_distances

from shapes import Topic, array, category, matrix

topic = Topic("text")
dice = np.random.default_rng(20240611)

TERMS = ["engine", "wheel", "score", "stream", "goal", "match", "player", "free kick", "the"]
CORPUS = {
    "machines": "The engine drives the wheel; a wheel without an engine is no engine.",
    "records": "The stream of records: score the stream, score it again.",
    "football": "The player missed the goal. A free kick, a match without a goal; the score of the match stays.",
    "training": "Free kick after free kick: the player hits the wheel, then the goal.",
}
TEXTS = [
    "The ENGINE of the stream!", "a player, a goal, a (free) kick", "Free kick!", "wheel wheel wheel engine", "match",
    "the the the", "score", "the player scores: score, match.",
] + [" ".join(dice.choice(TERMS, dice.integers(1, 12))) for _ in range(20)]


def counted(texts):
    words = CountVectorizer(vocabulary=TERMS, ngram_range=(1, 2), token_pattern=r"[a-z]+")
    # Punctuation splits phrases in neither: it is stripped from words at both ends.
    return words.transform([re.sub(r"[^\w\s]", "", text.lower()) for text in texts]).toarray().astype(float)


def weighed(counts, corpus, local, unit):
    with np.errstate(divide="ignore", invalid="ignore"):
        holders = (corpus > 0).sum(axis=0)
        documents = len(corpus)
        scale = {
            "none": np.ones(len(TERMS)),
            "inverseDocumentFrequency": np.log10(documents / holders),
            "GFIDF": corpus.sum(axis=0) / holders,
            "normal": 1 / np.sqrt((corpus ** 2).sum(axis=0)),
            "probabilisticInverse": np.log10((documents - holders) / holders),
        }[unit[0]]
        scale = np.where(np.isfinite(scale), scale, 0.0)
        there = counts > 0
        largest = np.maximum(counts.max(axis=1, keepdims=True), 1e-300)
        values = {
            "termFrequency": counts,
            "binary": there * 1.0,
            "logarithmic": np.log10(1 + counts),
            "augmentedNormalizedTermFrequency": there * 0.5 * (1 + counts / largest),
        }[local] * scale
        if unit[1] == "cosine":
            length = np.sqrt((values ** 2).sum(axis=1, keepdims=True))
            values = np.where(length > 0, values / length, values)
    return values


def write(name, local, scale, unit, similarity, by_counts=False, function="clustering"):
    corpus = counted(CORPUS.values())
    texts = counted(TEXTS)
    documents, found = (weighed(counts, corpus, local, (scale, unit)) for counts in (corpus, texts))
    nearness = cosine_similarity(found, documents) if similarity == "cosine" else euclidean_distances(found, documents)
    ids = list(CORPUS)
    rows = []
    for text, counts, weights, near in zip(TEXTS, texts, found, nearness):
        record = {term: (int(count) if count or dice.random() < 0.5 else None) for term, count in zip(TERMS, counts)} if by_counts else {"text": text}
        if by_counts and all(value is None for value in record.values()):
            continue
        if similarity == "cosine" and not weights.any():
            out = {"topic": None, "first": None, "second": None, "near": None}
        else:
            near = np.round(near, 12)
            order = sorted(range(len(ids)), key=lambda at: (-near[at] if similarity == "cosine" else near[at], at))
            # Nearly equal documents could change places by rounding.
            gaps = [abs(near[a] - near[b]) for a, b in zip(order, order[1:])]
            if any(0 < gap < 1e-9 for gap in gaps):
                continue
            out = {"topic": ids[order[0]], "first": float(near[order[0]]), "second": ids[order[1]], "near": float(near[2])}
        rows.append({"in": record, "out": out})
    nothing = {"topic": None, "first": None, "second": None, "near": None}
    if by_counts:
        rows += [{"in": {}, "out": nothing}, {"in": {"wheel": -1}, "error": "invalid_value"},
                 {"in": {"wheel": "round"}, "error": "unparsable_value"}]
        active = "".join(f'<MiningField name="{term}"/>' for term in TERMS)
        fields = "".join(f'<DataField name="{term}" optype="continuous" dataType="integer"/>' for term in TERMS)
    else:
        rows += [{"in": {"text": None}, "out": nothing}, {"in": {}, "out": nothing}]
        if similarity == "cosine":
            rows += [{"in": {"text": text}, "out": nothing} for text in ["", "nothing known", "kick free"]]
        active, fields = '<MiningField name="text"/>', category("text")
    corpus_text = "".join(f'<TextDocument id="{key}" name="{key}" length="{len(text.split())}"/>' for key, text in CORPUS.items())
    weights = f'<TextModelNormalization localTermWeights="{local}" globalTermWeights="{scale}" documentNormalization="{unit}"/>'
    model = (f'<TextModel functionName="{function}" numberOfTerms="{len(TERMS)}" numberOfDocuments="{len(CORPUS)}">'
             f'<MiningSchema>{active}<MiningField name="topic" usageType="target"/></MiningSchema><Output>'
             '<OutputField name="first" feature="affinity"/><OutputField name="second" feature="entityId" rank="2"/>'
             '<OutputField name="near" feature="affinity" value="football"/></Output>'
             f"<TextDictionary>{array(TERMS, 'string')}</TextDictionary><TextCorpus>{corpus_text}</TextCorpus>"
             f"<DocumentTermMatrix>{matrix(corpus.tolist())}</DocumentTermMatrix>{weights}"
             f'<TextModelSimiliarity similarityType="{similarity}"/></TextModel>')
    topic.case(name, fields + category("topic", *CORPUS), model, rows)


write("frequency_cosine", "termFrequency", "none", "none", "cosine")
write("inverse_cosine", "logarithmic", "inverseDocumentFrequency", "cosine", "cosine", function="classification")
write("binary_euclidean", "binary", "GFIDF", "none", "euclidean")
write("augmented_euclidean", "augmentedNormalizedTermFrequency", "normal", "cosine", "euclidean")
write("probabilistic_counts", "termFrequency", "probabilisticInverse", "none", "cosine", by_counts=True, function="classification")
