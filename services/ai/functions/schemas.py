"""The typed input of each text function's prompt, and the JSON schema and type of its answer.

The schemas stay within what structured output of the OpenAI API takes (every property required, no additional
ones), but for `maxLength`, which an adapter drops where its provider refuses it; answers are validated here anyway.
"""

from typing import Any, Final, Literal, NotRequired, TypedDict

ContentType = Literal["post", "page"]
ContentStructure = Literal["article", "guide", "comparison", "review", "listicle"]
ImageType = Literal["featured", "in_article"]

CONTENT_TYPES: Final = ("post", "page")
CONTENT_STRUCTURES: Final = ("article", "guide", "comparison", "review", "listicle")
IMAGE_TYPES: Final = ("featured", "in_article")
ARTICLE_TAGS: Final = frozenset(
    [
        "h2",
        "h3",
        "p",
        "ul",
        "ol",
        "li",
        "strong",
        "em",
        "a",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "blockquote",
    ]
)
"""The only HTML tags an article may hold; `a` may have `href` and nothing else has attributes."""

META_TITLE_LENGTH_MAX: Final = 60
META_DESCRIPTION_LENGTH_MAX: Final = 155


class Keyword(TypedDict):
    """A keyword without a cluster. Volume is searches a month, difficulty 0 to 100; None is unknown."""

    id: str
    keyword: str
    volume: NotRequired[int | None]
    difficulty: NotRequired[int | None]
    intent: NotRequired[str | None]


class ClusterName(TypedDict):
    """A cluster that the site has already, and that keywords may join."""

    name: str


class ClusterKeywordsInput(TypedDict):
    """Input of cluster_keywords. Ids are unique; an answer must use each exactly once."""

    site_name: str
    sector_name: NotRequired[str | None]
    keywords: list[Keyword]
    existing_clusters: list[ClusterName]


class Cluster(TypedDict):
    """A group of keywords on one topic. A name of `existing_clusters` means: these join that cluster."""

    name: str
    description: str
    keyword_ids: list[str]


class ClusterKeywordsOutput(TypedDict):
    """Answer of cluster_keywords."""

    clusters: list[Cluster]


class NumberedCluster(TypedDict):
    """A cluster of one batch, for the merge; its number counts from 1."""

    number: int
    name: str
    keywords: list[str]


class MergeClustersInput(TypedDict):
    """Input of the merge of cluster_keywords: the clusters that its batches made."""

    site_name: str
    sector_name: NotRequired[str | None]
    clusters: list[NumberedCluster]


class Merge(TypedDict):
    """Clusters that are one topic, by their numbers, and what they are called together."""

    name: str
    description: str
    numbers: list[int]


class MergeClustersOutput(TypedDict):
    """Answer of the merge. A cluster in none of them stays as it is."""

    merges: list[Merge]


class ClusterKeyword(TypedDict):
    """A keyword inside its cluster."""

    keyword: str
    volume: NotRequired[int | None]
    intent: NotRequired[str | None]


class IdeaCluster(TypedDict):
    """The cluster that ideas are wanted for."""

    name: str
    description: NotRequired[str]
    keywords: list[ClusterKeyword]


class GenerateIdeasInput(TypedDict):
    """Input of generate_ideas. Without `ideas_per_cluster`, one to three by the size of the cluster."""

    site_name: str
    cluster: IdeaCluster
    ideas_per_cluster: NotRequired[int | None]


class Idea(TypedDict):
    """An article worth writing. The word count is a target in words."""

    title: str
    description: str
    content_type: ContentType
    content_structure: ContentStructure
    target_keywords: list[str]
    estimated_word_count: int


class GenerateIdeasOutput(TypedDict):
    """Answer of generate_ideas."""

    ideas: list[Idea]


class ContentTask(TypedDict):
    """The article that is wanted. The word count is a target in words."""

    title: str
    brief: NotRequired[str]
    word_count: int
    content_structure: NotRequired[ContentStructure | str]
    target_keywords: list[str]
    cluster_name: NotRequired[str | None]


class InternalLink(TypedDict):
    """A page of the same site that the article may link to."""

    title: str
    url: str


class GenerateContentInput(TypedDict):
    """Input of generate_content. `other_titles` are articles that the site has or plans, so this one leaves theirs."""

    site_name: str
    task: ContentTask
    internal_links: NotRequired[list[InternalLink]]
    other_titles: NotRequired[list[str]]


class OutlineSection(TypedDict):
    """A section to be written; the introduction has no heading. `words` is a target."""

    heading: str
    points: list[str]
    words: int


class ArticleOutline(TypedDict):
    """Answer of the outline of generate_content: the plan of the whole article."""

    title: str
    sections: list[OutlineSection]


class WriteSectionsInput(GenerateContentInput):
    """Input of a call that writes some sections of the outline, by their numbers from 0."""

    outline: ArticleOutline
    numbers: list[int]
    sections: list[OutlineSection]
    words: int
    written_so_far: str
    """The end of the text before these sections, as plain text."""


class WrittenSections(TypedDict):
    """Answer of that call: HTML of these sections."""

    html: str


class DescribeArticleInput(GenerateContentInput):
    """Input of the call that describes the written article; `opening` is its beginning as plain text."""

    outline: ArticleOutline
    opening: str


class ArticleDescription(TypedDict):
    """Answer of that call: what stands around the article."""

    slug: str
    excerpt: str
    meta_title: str
    meta_description: str
    primary_keyword: str
    categories: list[str]
    tags: list[str]


class GenerateContentOutput(TypedDict):
    """What the calls of generate_content come to. `html` holds tags of ARTICLE_TAGS only; its headings start at h2."""

    title: str
    slug: str
    html: str
    excerpt: str
    meta_title: str
    meta_description: str
    primary_keyword: str
    categories: list[str]
    tags: list[str]


class GenerateImagePromptsInput(TypedDict):
    """Input of generate_image_prompts."""

    title: str
    headings: list[str]
    primary_keyword: NotRequired[str]
    max_in_article_images: int


class ImagePrompt(TypedDict):
    """One picture to be made. The featured one has position 0; the others count from 1 down the article."""

    image_type: ImageType
    position: int
    prompt: str
    alt_text: str


class GenerateImagePromptsOutput(TypedDict):
    """Answer of generate_image_prompts: one featured image first, then the in-article ones."""

    images: list[ImagePrompt]


Schema = dict[str, Any]


def _object(**properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _text(description: str, length_max: int, *, length_min: int = 1) -> Schema:
    return {"type": "string", "description": description, "minLength": length_min, "maxLength": length_max}


def _list(items: Schema, *, at_least: int = 0, at_most: int) -> Schema:
    return {"type": "array", "items": items, "minItems": at_least, "maxItems": at_most}


CLUSTER_KEYWORDS: Final[Schema] = _object(
    clusters=_list(
        _object(
            name=_text("Readable topic in title case, unique in this answer", 120),
            description=_text("One sentence on what the keywords have in common", 500),
            keyword_ids=_list({"type": "string"}, at_least=1, at_most=10_000),
        ),
        at_most=10_000,
    )
)
MERGE_CLUSTERS: Final[Schema] = _object(
    merges=_list(
        _object(
            name=_text("Readable topic in title case, unique in this answer", 120),
            description=_text("One sentence on what the keywords have in common", 500),
            numbers=_list({"type": "integer", "minimum": 1}, at_least=2, at_most=10_000),
        ),
        at_most=5_000,
    )
)
GENERATE_IDEAS: Final[Schema] = _object(
    ideas=_list(
        _object(
            title=_text("Working title of the article", 200),
            description=_text("What the article answers and for whom, in two or three sentences", 2_000),
            content_type={"type": "string", "enum": list(CONTENT_TYPES)},
            content_structure={"type": "string", "enum": list(CONTENT_STRUCTURES)},
            target_keywords=_list(_text("A keyword of the cluster, as given", 500), at_least=1, at_most=100),
            estimated_word_count={"type": "integer", "minimum": 300, "maximum": 5_000},
        ),
        at_least=1,
        at_most=20,
    )
)
ARTICLE_OUTLINE: Final[Schema] = _object(
    title=_text("Title of the article", 200),
    sections=_list(
        _object(
            heading=_text("Heading of the section; empty for the introduction", 200, length_min=0),
            points=_list(_text("What the section says", 500), at_least=1, at_most=10),
            words={"type": "integer", "minimum": 20, "maximum": 2_000},
        ),
        at_least=2,
        at_most=40,
    ),
)
WRITTEN_SECTIONS: Final[Schema] = _object(
    html=_text("The sections; only " + ", ".join(sorted(ARTICLE_TAGS)), 100_000),
)
ARTICLE_DESCRIPTION: Final[Schema] = _object(
    slug={
        "type": "string",
        "description": "Lower-case words joined by hyphens",
        "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$",
        "maxLength": 120,
    },
    excerpt=_text("One or two sentences for lists of articles", 500),
    meta_title=_text("Title for search results", META_TITLE_LENGTH_MAX),
    meta_description=_text("Description for search results", META_DESCRIPTION_LENGTH_MAX),
    primary_keyword=_text("The keyword the article is mainly for", 500),
    categories=_list(_text("A category name", 120), at_most=5),
    tags=_list(_text("A tag", 120), at_most=10),
)
GENERATE_IMAGE_PROMPTS: Final[Schema] = _object(
    images=_list(
        _object(
            image_type={"type": "string", "enum": list(IMAGE_TYPES)},
            position={"type": "integer", "minimum": 0, "maximum": 100},
            prompt=_text("What the picture shows, without any lettering in it", 2_000),
            alt_text=_text("What the picture shows, for people who cannot see it", 300),
        ),
        at_least=1,
        at_most=50,
    )
)

SCHEMAS: Final[dict[str, Schema]] = {
    "cluster_keywords": CLUSTER_KEYWORDS,
    "cluster_keywords_merge": MERGE_CLUSTERS,
    "generate_ideas": GENERATE_IDEAS,
    "generate_content_outline": ARTICLE_OUTLINE,
    "generate_content_sections": WRITTEN_SECTIONS,
    "generate_content_description": ARTICLE_DESCRIPTION,
    "generate_image_prompts": GENERATE_IMAGE_PROMPTS,
}
"""The answer's schema of each text function by its name, and of each further step by both."""
