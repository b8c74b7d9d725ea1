"""The operators' page in a real browser."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, ViewportSize, async_playwright, expect

from controller.local_link.alarm_messages import AcknowledgeAlarm
from controller.local_link.messages import ClearDevice, Start, Stop, SubmitOrder, WithdrawOrder
from controller.local_link.mode_messages import AnswerFinding
from tests.api.conftest import RunningApi, running_api, running_garage
from tests.api.scripted_garage import ScriptedGarage, reason
from tests.api.scripted_moments import alarmed, busy, handing_over, troubled
from tests.api.test_findings import HALF
from tests.eventually import eventually

pytestmark = pytest.mark.needs("chromium")

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
WITHIN_MS = 15_000
_LONGEST_FORK = "Math.max(...[...document.querySelectorAll('.fork')].map(f => +f.getAttribute('height')))"


class Browser:
    """A page and what went wrong in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.elsewhere: list[str] = []

    def watch(self, url: str) -> None:
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on(
            "request", lambda request: None if request.url.startswith(url) else self.elsewhere.append(request.url)
        )


@asynccontextmanager
async def browsing(api: RunningApi, viewport: ViewportSize = DESKTOP) -> AsyncIterator[Browser]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        try:
            page = await chromium.new_page(viewport=viewport)
            page.set_default_timeout(WITHIN_MS)
            browser = Browser(page)
            browser.watch(api.url)
            await page.goto(api.url)
            await expect(page.locator("#age")).to_have_text("live", timeout=WITHIN_MS)
            yield browser
            assert browser.errors == []
            assert browser.elsewhere == []
        finally:
            await chromium.close()


@pytest.mark.parametrize("name", ["tower-small", "tower-guangzhou", "garage-shuttle"])
async def test_every_place_car_and_mover_of_each_garage_is_drawn_and_nothing_overflows(
    tmp_state: Path, name: str
) -> None:
    async with running_garage(name, tmp_state) as garage, running_api(tmp_state) as api, browsing(api) as browser:
        page = browser.page
        places = [p.id for p in garage.shape.positions if p.kind in {"place", "cabin"}]
        await expect(page.locator("[data-position]")).to_have_count(len(places), timeout=WITHIN_MS)
        await expect(page.locator("#drawing [data-vehicle]")).to_have_count(len(garage.vehicles))
        drawn = await page.locator("#drawing [data-device]").evaluate_all("all => all.map(n => n.dataset.device)")
        assert sorted(drawn) == sorted([*garage.layout.lifts, *garage.layout.shuttles])
        await expect(page.locator("[data-cabin]")).to_have_count(len(garage.cabins))
        await expect(page.locator("#garage-name")).to_have_text(garage.shape.name)
        for viewport in (DESKTOP, PHONE):
            await page.set_viewport_size(viewport)
            assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


async def test_the_drawing_is_to_scale_and_no_two_places_overlap(tmp_state: Path) -> None:
    async with (
        running_garage("tower-guangzhou", tmp_state) as garage,
        running_api(tmp_state) as api,
        browsing(api) as browser,
    ):
        boxes = await browser.page.locator("[data-position]").evaluate_all(
            "all => all.map(n => [n.dataset.position, ...['x','y','width','height'].map(a => +n.getAttribute(a))])"
        )
    shapes = {position.id: position for position in garage.shape.positions}
    columns = {column.number: column.at for column in garage.shape.columns}
    assert len(boxes) == 44
    offsets = set()
    for name, x, _, width, height in boxes:
        assert (width, height) == (shapes[name].width_mm, shapes[name].height_mm)
        offsets.add(x + width / 2 - columns[shapes[name].column or 0])
    assert len(offsets) == 1
    for index, (_, x, y, width, height) in enumerate(boxes):
        for _, other_x, other_y, other_width, other_height in boxes[index + 1 :]:
            apart = x + width <= other_x or other_x + other_width <= x
            assert apart or y + height <= other_y or other_y + other_height <= y


async def test_movers_and_the_car_on_them_move(tmp_state: Path) -> None:
    async with (
        running_garage("tower-small", tmp_state, speed=3.0) as garage,
        running_api(tmp_state) as api,
        browsing(api) as browser,
    ):
        busy(garage)
        car = garage.orders["o-1"].vehicle
        seen: dict[str, set[str]] = {'device="lift1"': set(), 'device="shuttle1"': set(), f'vehicle="{car}"': set()}
        forks = 0.0
        deadline = time.monotonic() + 30
        while min(len(poses) for poses in seen.values()) < 5 or forks < 500:
            for name, poses in seen.items():
                poses.add(await browser.page.locator(f"#drawing [data-{name}]").get_attribute("transform") or "")
            forks = max(forks, await browser.page.evaluate(_LONGEST_FORK))
            assert time.monotonic() < deadline, f"{ {name: len(poses) for name, poses in seen.items()} }, forks {forks}"
        await expect(browser.page.locator(f'#drawing [data-vehicle="{car}"]')).to_have_class(re.compile("has-order"))


async def test_old_data_is_told_unmissably_and_commands_are_blocked(api: RunningApi, garage: ScriptedGarage) -> None:
    async with browsing(api) as browser:
        page = browser.page
        sign = page.locator("#old-data")
        await expect(sign).to_be_hidden()
        garage.silent = True
        await expect(sign).to_be_visible(timeout=WITHIN_MS)
        await expect(page.locator("#old-data-title")).to_have_text("DATA IS OLD")
        await expect(page.locator("#retrieve")).to_be_disabled()
        await expect(page.locator("#start")).to_be_disabled()
        await expect(page.locator("#stop")).to_be_enabled()
        box = await sign.bounding_box()
        assert box is not None
        assert (box["width"], box["y"]) == (DESKTOP["width"], 0)
        garage.silent = False
        await expect(sign).to_be_hidden(timeout=WITHIN_MS)
        await expect(page.locator("#retrieve")).to_be_enabled()


async def test_a_lost_connection_is_told_and_the_page_recovers_by_itself(tmp_state: Path) -> None:
    async with running_garage("tower-small", tmp_state), running_api(tmp_state) as api, browsing(api) as browser:
        page = browser.page
        await page.context.set_offline(offline=True)
        api.streams.closing = True
        api.link.announce()
        await expect(page.locator("#old-data-title")).to_have_text("CONNECTION LOST", timeout=WITHIN_MS)
        api.streams.closing = False
        await page.context.set_offline(offline=False)
        await expect(page.locator("#old-data")).to_be_hidden(timeout=WITHIN_MS)
        browser.errors.clear()  # the browser itself notes each failed connection


async def test_a_clicked_car_is_retrieved_to_the_chosen_cabin(api: RunningApi, garage: ScriptedGarage) -> None:
    async with browsing(api) as browser:
        page = browser.page
        await page.locator('#drawing [data-vehicle="kuga-01"]').click()
        await expect(page.locator("#vehicle")).to_have_value("kuga-01")
        await expect(page.locator("#vehicle-facts")).to_contain_text("Ford Kuga, level 1, column 1, left")
        await page.locator("#cabin").select_option("cabin1")
        await page.get_by_role("button", name="Retrieve").click()
        await expect(page.locator('[data-order="o-1"]')).to_contain_text("kuga-01")
        sent = garage.received[-1]
        assert isinstance(sent, SubmitOrder)
        assert (sent.kind, sent.vehicle.id, sent.cabin) == ("retrieve", "kuga-01", "cabin1")
        assert sent.key


async def test_a_car_is_retrieved_with_the_keyboard_alone(api: RunningApi, garage: ScriptedGarage) -> None:
    async with browsing(api) as browser:
        page = browser.page
        car = page.locator('#drawing [data-vehicle][tabindex="0"]')
        await expect(car).to_have_count(1)
        await car.focus()
        before = await car.get_attribute("data-vehicle")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowUp")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        chosen = await page.locator("#vehicle").input_value()
        assert chosen in garage.vehicles
        assert chosen != before
        await page.locator("#vehicle").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator('[data-order="o-1"]')).to_contain_text(chosen)


async def test_a_refusal_is_shown_with_its_remedy_until_it_is_closed(api: RunningApi) -> None:
    async with browsing(api) as browser:
        page = browser.page
        await page.locator("#vehicle").fill("nobody")
        await page.get_by_role("button", name="Retrieve").click()
        notice = page.locator('.notice[data-kind="problem"]')
        await expect(notice).to_contain_text("There is no car nobody.")
        await expect(notice).to_contain_text("UNKNOWN_VEHICLE")
        await notice.get_by_role("button", name="Close").click()
        await expect(notice).to_have_count(0)
        browser.errors.clear()  # the browser itself notes the 404


async def test_a_car_is_taken_in_and_an_order_withdrawn(api: RunningApi, garage: ScriptedGarage) -> None:
    async with browsing(api) as browser:
        page = browser.page
        await page.get_by_text("Take in a car").click()
        await page.locator("#store-vehicle").fill("GZ-A88888")
        await page.locator('[name="length_mm"]').fill("4531")
        await page.locator("#store").click()
        await expect(page.locator('[data-order="o-1"]')).to_contain_text("GZ-A88888")
        sent = garage.received[-1]
        assert isinstance(sent, SubmitOrder)
        assert (sent.kind, sent.vehicle.length_mm) == ("store", 4531)
        await page.locator('[data-order="o-1"]').get_by_role("button").click()
        await page.locator("#confirm-regular").click()
        await expect(page.locator('[data-order="o-1"]')).to_contain_text("being withdrawn")
        assert garage.received[-1] == WithdrawOrder(order="o-1", immediate=False, actor="api")


async def test_orders_show_progress_and_why_they_wait(api: RunningApi, garage: ScriptedGarage) -> None:
    garage.add_order("retrieve", "kuga-01", state="active", phase="fetching", progress=0.5, leg=1)
    garage.add_order("retrieve", "mustang-01", waiting_for=reason("CABIN_BUSY", "cabin1 is in use.", "Wait."))
    async with browsing(api) as browser:
        first = browser.page.locator('[data-order="o-1"]')
        await expect(first).to_contain_text(re.compile(r"about 1 min [0-3]\d s to go"))
        assert await first.locator("progress").evaluate("bar => bar.value") == 0.5
        second = browser.page.locator('[data-order="o-2"]')
        await expect(second).to_contain_text("cabin1 is in use.")
        await expect(second).to_contain_text("CABIN_BUSY")


async def test_the_cabin_shows_light_door_and_people(api: RunningApi, garage: ScriptedGarage) -> None:
    handing_over(garage)
    async with browsing(api) as browser:
        cabin = browser.page.locator('[data-cabin="cabin1"]')
        await expect(cabin).to_contain_text("driver leaves with the car")
        await expect(cabin).to_contain_text("green")
        await expect(cabin).to_contain_text("to the street open")
        await expect(cabin).to_contain_text("1 counted inside")
        await expect(browser.page.locator("#drawing .d-light")).to_have_class(re.compile("is-green"))


async def test_faults_and_interlocks_are_told_in_words_with_a_remedy(api: RunningApi, garage: ScriptedGarage) -> None:
    troubled(garage)
    async with browsing(api) as browser:
        page = browser.page
        await expect(page.locator("#attention-list")).to_contain_text("centre it or remove what sticks out")
        await page.get_by_text("Interlocks that hold motion back").click()
        await expect(page.locator("#interlock-list")).to_contain_text("lift1.overhang_left_clear is false")
        await expect(page.locator('#drawing [data-device="lift1"]')).to_have_class(re.compile("is-fault"))
        await page.get_by_role("button", name="Clear lift1").click()
        await eventually(lambda: garage.received == [ClearDevice(device="lift1", actor="api")])
        await expect(page.locator('[data-device-row="lift1"]')).to_contain_text("idle")


async def test_alarms_stand_in_order_of_need_with_what_came_first_and_are_acknowledged_there(
    api: RunningApi, garage: ScriptedGarage
) -> None:
    alarmed(garage)
    async with browsing(api) as browser:
        page = browser.page
        cards = page.locator("#alarm-list .alarm")
        await expect(cards).to_have_count(3)
        shown = await cards.evaluate_all("all => all.map(n => n.dataset.alarm)")
        assert shown == ["cabin1.person-shut-in", "zone1.emergency-stop", "shuttle1.blocked"]
        await expect(page.locator("#flood")).to_be_visible()
        await expect(page.locator("#alarm-count")).to_have_text("3")
        await expect(cards.nth(1)).to_contain_text("came first")
        await expect(cards.nth(2)).to_contain_text("after zone1.emergency-stop")
        await page.get_by_text("Put aside").click()
        await expect(page.locator("#aside-list")).to_contain_text("lift1 moves more slowly than it should")
        await page.get_by_role("button", name="Acknowledge zone1.emergency-stop").click()
        await expect(page.locator("#alarm-count")).to_have_text("1")
        assert garage.received == [AcknowledgeAlarm(alarm="zone1.emergency-stop", group=True, actor="api")]
        await expect(page.get_by_role("button", name="Acknowledge shuttle1.blocked")).to_be_hidden()
        garage.alarms.clear()
        garage.in_flood = False
        await expect(page.locator("#alarm-list")).to_contain_text("No alarms.")
        await expect(page.locator("#flood")).to_be_hidden()


async def test_a_finding_is_shown_with_its_evidence_and_answered_under_a_name(
    api: RunningApi, garage: ScriptedGarage
) -> None:
    garage.findings = [HALF]
    async with browsing(api) as browser:
        page = browser.page
        card = page.locator("#findings-list li")
        await expect(card).to_contain_text("shuttle1.forks_centred 0")
        await card.locator("button[data-answer=finish]").click()
        await page.locator("#answer-form button[type=submit]").click()
        assert not [one for one in garage.received if isinstance(one, AnswerFinding)], "no answer without a name"
        await page.locator("#answer-form input[name=person]").fill("Mia Chen")
        await page.locator("#answer-form button[type=submit]").click()
        await expect(page.locator(".notice")).to_contain_text("Answered")
    assert garage.received[-1] == AnswerFinding(finding=HALF.id, answer="finish", person="Mia Chen", actor="api")


async def test_start_and_stop_are_asked_for_and_shown(api: RunningApi, garage: ScriptedGarage) -> None:
    async with browsing(api) as browser:
        page = browser.page
        await page.get_by_role("button", name="Stop", exact=True).click()
        await expect(page.locator("#mode-text")).to_have_text("stopped")
        await page.get_by_role("button", name="Start", exact=True).click()
        await expect(page.locator("#mode-text")).to_have_text("automatic")
        assert garage.received == [Stop(actor="api"), Start(actor="api")]
        await expect(page.locator("#event-list")).to_contain_text("mode changed")


async def test_names_from_outside_are_shown_as_text_and_never_as_markup(
    api: RunningApi, garage: ScriptedGarage
) -> None:
    evil = "<img src=x onerror=document.title='hit'>"
    garage.ready_reasons = [reason("EVIL", evil, evil)]
    garage.tell("test", name=evil)
    async with browsing(api) as browser:
        await expect(browser.page.locator("#attention-list")).to_contain_text(evil)
        await expect(browser.page.locator("#event-list")).to_contain_text(evil)
        assert await browser.page.title() == garage.shape.name


async def test_unknown_readings_are_drawn_as_unknown(api: RunningApi, garage: ScriptedGarage) -> None:
    garage.devices["shuttle1"]["quality"] = "stale"
    async with browsing(api) as browser:
        mover = browser.page.locator('#drawing [data-device="shuttle1"]')
        await expect(mover).to_have_class(re.compile("is-unsure"))
        await expect(browser.page.locator('[data-device-row="shuttle1"]')).to_contain_text("old")
