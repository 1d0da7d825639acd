"""Every AI function by its name."""

from collections.abc import Mapping
from typing import Final

from services.ai.domain.function_names import FunctionName
from services.ai.functions.base import Function
from services.ai.functions.cluster_keywords import ClusterKeywords
from services.ai.functions.generate_content import GenerateContent
from services.ai.functions.generate_ideas import GenerateIdeas
from services.ai.functions.generate_image_prompts import GenerateImagePrompts
from services.ai.functions.generate_images import GenerateImages

FUNCTIONS: Final[Mapping[FunctionName, Function]] = {
    function.name: function
    for function in (
        ClusterKeywords(),
        GenerateIdeas(),
        GenerateContent(),
        GenerateImagePrompts(),
        GenerateImages(),
    )
}
