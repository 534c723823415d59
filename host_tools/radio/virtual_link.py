"""Devices on a virtual link: everything above the air is a real Bluetooth host stack."""

from __future__ import annotations

from dataclasses import replace

from bumble.controller import Controller
from bumble.device import Device
from bumble.hci import (
    Address,
    HCI_LE_Advertising_Report_Event,
    HCI_LE_Extended_Advertising_Report_Event,
    HCI_Packet,
)
from bumble.host import Host
from bumble.link import LocalLink
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport.common import AsyncPipeSink

Legacy = HCI_LE_Advertising_Report_Event.EventType
Extended = HCI_LE_Extended_Advertising_Report_Event.EventType


class AirController(Controller):
    """Hears scan responses; Bumble's own hears the advertising data once more in their place."""

    def send_hci_packet(self, packet: HCI_Packet) -> None:
        if isinstance(packet, HCI_LE_Advertising_Report_Event):
            packet = HCI_LE_Advertising_Report_Event(
                [
                    replace(report, data=self._response_of(report.address))
                    if report.event_type == Legacy.SCAN_RSP
                    else report
                    for report in packet.reports
                ]
            )
        elif isinstance(packet, HCI_LE_Extended_Advertising_Report_Event):
            packet = HCI_LE_Extended_Advertising_Report_Event(
                [
                    replace(report, data=self._response_of(report.address))
                    if report.event_type & Extended.SCAN_RESPONSE
                    else replace(
                        report, event_type=report.event_type | Extended.SCANNABLE_ADVERTISING
                    )
                    for report in packet.reports
                ]
            )
        super().send_hci_packet(packet)

    def _response_of(self, address: Address) -> bytes:
        for controller in self.link.controllers:
            if controller.random_address == address:
                for advertising_set in controller.advertising_sets.values():
                    return bytes(advertising_set.scan_response_data)
                return controller.le_legacy_advertiser.scan_response_data
        return b""


def virtual_device(link: LocalLink, name: str, address: str) -> Device:
    """A Bluetooth device with this random static address; not powered yet."""
    controller = AirController(name, link=link, public_address=address)
    device = Device(
        name=name, address=Address(address), host=Host(controller, AsyncPipeSink(controller))
    )
    return device


def remove(link: LocalLink, device: Device) -> None:
    """Take the device off the air; those it was connected to notice nothing."""
    for controller in list(link.controllers):
        if controller.random_address == device.random_address:
            link.remove_controller(controller)


def central_pairing(_: object) -> PairingConfig:
    """How a computer pairs with a band: bonding, LE Secure Connections, nothing to compare.

    The identity address is the random one on both sides, or keys are stored under another name
    than the one they are looked up by.
    """
    return PairingConfig(
        sc=True,
        mitm=False,
        bonding=True,
        identity_address_type=PairingConfig.AddressType.RANDOM,
        delegate=PairingDelegate(PairingDelegate.IoCapability.NO_OUTPUT_NO_INPUT),
    )
