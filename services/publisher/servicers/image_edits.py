"""The actions of WriterService on images: one of them, other words for it, the same to many."""

from igny8.publisher import v1 as publisher

from chassis.clock import Clock
from chassis.identity import current_caller
from chassis.transaction import Transactions
from services.publisher.convert import image_to_proto
from services.publisher.servicers import Context
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases import image_edits, images


class ImageEdits:
    """GetImage, PutImage and ChangeImages; WriterServicer inherits them."""

    _transactions: Transactions[PublisherTransaction]
    _clock: Clock

    async def GetImage(
        self, request: publisher.GetImageRequest, context: Context
    ) -> publisher.GetImageResponse:
        image = await self._transactions.run(
            images.get_image, account_id=current_caller().account(), image_id=request.image_id
        )
        return publisher.GetImageResponse(image=image_to_proto(image))

    async def PutImage(
        self, request: publisher.PutImageRequest, context: Context
    ) -> publisher.PutImageResponse:
        image = await self._transactions.run(
            image_edits.put_image,
            account_id=current_caller().account(),
            image_id=request.image_id,
            prompt=request.text.prompt.strip(),
            alt_text=" ".join(request.text.alt_text.split()),
            etag=request.etag,
            now=self._clock.now(),
        )
        return publisher.PutImageResponse(image=image_to_proto(image))

    async def ChangeImages(
        self, request: publisher.ChangeImagesRequest, context: Context
    ) -> publisher.ChangeImagesResponse:
        # There is one action, and the rules let no other through.
        changed = await self._transactions.run(
            image_edits.delete_images,
            account_id=current_caller().account(),
            site_id=request.site_id,
            ids=request.ids,
        )
        return publisher.ChangeImagesResponse(changed=changed)
