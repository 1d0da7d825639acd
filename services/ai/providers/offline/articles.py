"""The offline answer of generate_content: a readable, outline-like article that is marked as a draft."""

import re
from html import escape, unescape

from services.ai.functions.article_html import text_of, word_count
from services.ai.functions.schemas import (
    CONTENT_STRUCTURES,
    META_DESCRIPTION_LENGTH_MAX,
    META_TITLE_LENGTH_MAX,
    ArticleDescription,
    ArticleOutline,
    GenerateContentInput,
    GenerateContentOutput,
    OutlineSection,
    WriteSectionsInput,
    WrittenSections,
)
from services.ai.providers.offline.article_parts import (
    Outline,
    extra_section,
    keyword_section,
    shape_block,
    tip_section,
)
from services.ai.providers.offline.intents import Structure, structure_of
from services.ai.providers.offline.language import choose, clip, joined, plain, slug_of
from services.ai.providers.offline.subjects import Kind, Subject, domain_of, heading_of, subject_of, topic_of
from services.ai.providers.offline.writer import Writer, bullets, heading, paragraphs

WORDS_MIN, WORDS_MAX = 400, 2000
"""The range of article lengths that the sentence lists suffice for; a target outside is moved to its edge."""
SECTION_WORDS = 105
KEYWORD_SECTIONS_MAX = 6
KEYWORDS_READ_MAX = 50


def generate_content(asked: GenerateContentInput, *, seed: int) -> GenerateContentOutput:
    """Writes the article that the task describes, near its word count, from the words of its keywords."""
    task = asked["task"]
    title = clip(plain(task["title"]), 200) or "Untitled draft"
    keywords = list(dict.fromkeys(filter(None, (clip(plain(text), 200) for text in task["target_keywords"]))))
    outline = _outline(asked, title, keywords, seed)
    opening = outline.writer.sentences(["intro.open"], 1)
    html = _compose(outline, opening, asked)
    covered = joined([f"“{keyword}”" for keyword in keywords[:2]])
    intro = " ".join([*opening, f"This draft covers {covered or title}."])
    cluster = clip(plain(task.get("cluster_name") or ""), 120)
    return GenerateContentOutput(
        title=title,
        slug=slug_of(title),
        html=html,
        excerpt=clip(intro, 300),
        meta_title=clip(title, META_TITLE_LENGTH_MAX),
        meta_description=clip(
            f"{title}{'' if title[-1] in '.?!…' else '.'} What to decide first, what to check and which mistakes to avoid. {opening[0]}",
            META_DESCRIPTION_LENGTH_MAX,
        ),
        primary_keyword=keywords[0] if keywords else title,
        categories=[cluster or clip(title, 120)],
        tags=[clip(keyword, 120) for keyword in keywords[:6]],
    )


def outline(asked: GenerateContentInput, *, seed: int) -> ArticleOutline:
    """The plan of the article that `generate_content` writes: its headings, and the words that each section gets."""
    article = generate_content(asked, seed=seed)
    return ArticleOutline(
        title=article["title"], sections=[_planned(html) for html in _sections(article["html"])]
    )


def write_sections(asked: WriteSectionsInput, *, seed: int) -> WrittenSections:
    """These sections of the article. It is written anew as a whole, which gives the same one."""
    sections = _sections(generate_content(asked, seed=seed)["html"])
    return WrittenSections(html="".join(sections[number] for number in asked["numbers"]))


def describe(asked: GenerateContentInput, *, seed: int) -> ArticleDescription:
    """What stands around the article."""
    article = generate_content(asked, seed=seed)
    return ArticleDescription(
        slug=article["slug"],
        excerpt=article["excerpt"],
        meta_title=article["meta_title"],
        meta_description=article["meta_description"],
        primary_keyword=article["primary_keyword"],
        categories=article["categories"],
        tags=article["tags"],
    )


def _sections(html: str) -> list[str]:
    """The introduction, and each section from its heading to the next."""
    return re.split(r"(?=<h2>)", html)


def _planned(html: str) -> OutlineSection:
    headed = re.match(r"<h2>(.*?)</h2>", html)
    title = unescape(headed.group(1)) if headed else ""
    text = text_of(html[headed.end() :] if headed else html)
    return OutlineSection(
        heading=title[:200],
        points=[clip(text, 80) or title[:80]],
        words=min(2_000, max(20, word_count(html))),
    )


def _outline(asked: GenerateContentInput, title: str, keywords: list[str], seed: int) -> Outline:
    task = asked["task"]
    wanted = task.get("content_structure") or ""
    cluster = task.get("cluster_name") or ""
    topic = topic_of(cluster, *keywords, title)
    target = min(max(int(task["word_count"]), WORDS_MIN), WORDS_MAX)
    return Outline(
        writer=Writer(choose(seed, "article", title, *keywords), {"topic": topic}),
        random=choose(seed, "outline", title, *keywords),
        topic=topic,
        domain=domain_of([title, cluster, *keywords]),
        structure=Structure(wanted) if wanted in CONTENT_STRUCTURES else structure_of(title),
        target=target,
        subjects=[subject_of(keyword) for keyword in keywords[:KEYWORDS_READ_MAX] or [title]],
    )


def _compose(outline: Outline, opening: list[str], asked: GenerateContentInput) -> str:
    """The fixed parts first, because the rest of the words is then divided among the sections between them."""
    writer, target = outline.writer, outline.target
    note = f"<p><em>{escape(writer.sentence('note'), quote=False)}</em></p>"
    intent = outline.subjects[0].intent.value
    middle = writer.sentences(["intro.middle"], 1) + writer.sentences([f"intro.{intent}"], 1 + target // 100)
    intro = paragraphs([*opening, *middle])
    block = shape_block(outline)
    covered = outline.subjects[: min(KEYWORD_SECTIONS_MAX, max(2, target // 250))]
    faq = _faq(outline, covered)
    links = _links(asked)
    end = heading("Conclusion") + paragraphs(writer.sentences(["conclusion"], 30 + target // 60))
    left = target - sum(map(word_count, (note, intro, block, faq, links, end)))
    extras = max(0, round(left / SECTION_WORDS) - len(covered))
    body: list[str] = []
    for number in range(len(covered) + extras):
        words = left // (len(covered) + extras - number)
        if number < len(covered):
            section = keyword_section(outline, covered[number], words)
        elif outline.structure is Structure.LISTICLE:
            section = tip_section(outline, words)
        else:
            section = extra_section(outline, words)
        body.append(section)
        left -= word_count(section)
    at = 0 if outline.structure in {Structure.COMPARISON, Structure.REVIEW} else 1
    body.insert(min(at, len(body)), block)
    return "\n".join(filter(None, [note, intro, *body, faq, links, end]))


def _faq(outline: Outline, covered: list[Subject]) -> str:
    """Searches that ask something and have no section of their own come first, then what is usually asked."""
    number = 1 + outline.target // 450
    asked = [
        subject for subject in outline.subjects if subject.kind is Kind.QUESTION and subject not in covered
    ]
    parts = [heading("Frequently asked questions")]
    for subject in asked[:number]:
        answer = outline.writer.sentences(["question"], 40, {**subject.slots, "short_noun": outline.topic})
        parts += [heading(heading_of(subject.keyword), level=3), paragraphs(answer)]
    for question, answer_text in outline.writer.entries("faq", number - len(asked[:number])):
        parts += [heading(question, level=3), paragraphs([answer_text])]
    return "".join(parts)


def _links(asked: GenerateContentInput) -> str:
    """Links to other pages of the site; addresses that are not plain web addresses are left out."""
    links = [
        f'<a href="{escape(link["url"])}">{escape(plain(link["title"]) or link["url"], quote=False)}</a>'
        for link in asked.get("internal_links", [])[:5]
        if re.fullmatch(r"(https?:/)?/[^\s\"'<>\\\x00-\x1f]*", link["url"])
        and not link["url"].startswith("//")
    ]
    return heading("Related reading") + bullets(links) if links else ""
