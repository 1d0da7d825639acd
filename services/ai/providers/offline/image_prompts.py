"""The offline answer of generate_image_prompts: one featured picture and some for sections of the article."""

import re

from services.ai.functions.schemas import GenerateImagePromptsInput, GenerateImagePromptsOutput, ImagePrompt
from services.ai.providers.offline.language import choose, clip, plain

STYLES = (
    "flat vector illustration with soft shadows",
    "paper-cut illustration with layered shapes",
    "calm editorial illustration with rounded forms",
    "geometric illustration in a limited palette",
    "light watercolour illustration with clear outlines",
)
SETTINGS = (
    "in warm morning light",
    "against a plain, bright background",
    "seen from slightly above",
    "in a quiet everyday setting",
    "with generous empty space around it",
    "in close view with a soft background",
)
UNILLUSTRATED = re.compile(r"^(frequently asked questions|conclusion|related reading)\b", re.IGNORECASE)
QUOTED = re.compile(r"“([^”]+)”")


def generate_image_prompts(asked: GenerateImagePromptsInput, *, seed: int) -> GenerateImagePromptsOutput:
    """Prompts that differ from each other, the featured one first, in-article ones in the order of the headings."""
    title = clip(plain(asked["title"]), 200) or "Untitled draft"
    topic = clip(plain(asked.get("primary_keyword") or ""), 120) or title
    random = choose(seed, "image prompts", title)
    style = random.choice(STYLES)
    settings = random.sample(SETTINGS, len(SETTINGS))
    headings = _illustrated(asked["headings"], max(0, min(asked["max_in_article_images"], 20)))
    images = [
        ImagePrompt(
            image_type="featured",
            position=0,
            prompt=f"{title}: a scene that introduces {topic}, {settings[0]}, {style}, wide format, no lettering",
            alt_text=f"Abstract illustration for “{title}”",
        )
    ]
    for position, heading in enumerate(headings, start=1):
        setting = settings[position % len(settings)]
        images.append(
            ImagePrompt(
                image_type="in_article",
                position=position,
                prompt=f"{heading}: a detail of {topic} that explains this section, picture {position}, {setting}, {style}, no lettering",
                alt_text=f"Abstract illustration for the section “{heading}”",
            )
        )
    return GenerateImagePromptsOutput(images=images)


def caption_of(alt_text: str, prompt: str) -> str:
    """The words to typeset in an offline picture: what the alt text quotes, or its beginning, or the prompt's."""
    if quoted := QUOTED.search(alt_text):
        return quoted[1]
    return alt_text.strip() or prompt.split(":")[0].strip()


def _illustrated(headings: list[str], number: int) -> list[str]:
    """Up to `number` headings spread over the article; questions and the conclusion need no picture."""
    fitting = [
        clip(text, 150) for heading in headings if (text := plain(heading)) and not UNILLUSTRATED.match(text)
    ]
    fitting = list(dict.fromkeys(fitting))
    if len(fitting) <= number or number == 0:
        return fitting[:number]
    return [fitting[round(at * (len(fitting) - 1) / max(1, number - 1))] for at in range(number)]
